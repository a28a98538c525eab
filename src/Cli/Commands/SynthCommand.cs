using System.CommandLine;
using AkkaCp.Cli.Display;
using AkkaCp.Model.Synth;
using AkkaCp.Model.Weights;
using AkkaCp.Npu;

namespace AkkaCp.Cli.Commands;

/// <summary><c>akkacp synth</c>: a model of true dimensions with random weights.</summary>
internal static class SynthCommand
{
    public const string Name = "synth";

    private static readonly Option<string> s_preset = new("--preset")
    {
        Description = $"Dimensions: {string.Join(", ", SynthPreset.All.Select(preset => preset.Name))}.",
        Required = true,
    };

    private static readonly Option<int?> s_layers =
        new("--layers") { Description = "Decoder layers. Default: the preset's own." };
    private static readonly Option<int> s_seed = new("--seed") { Description = "Of the random numbers. Default 0." };
    private static readonly Option<string?> s_dtype =
        CommonOptions.Among("--dtype", "Type of the weights in the file. Default: bfloat16.", "float32", "bfloat16");

    private static readonly Option<string> s_output = new Option<string>("--output")
    {
        Description = "A new or empty directory.",
        Required = true,
    }.TakesPath();

    public static Command Create(CommandIo io)
    {
        var command = new Command(Name, "Writes a model of true dimensions with random weights.")
        {
            s_preset, s_layers, s_seed, s_output, s_dtype,
        };
        command.SetAction((parsed, cancellationToken) => RunAsync(parsed, io, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CommandIo io, CancellationToken cancellationToken)
    {
        var output = Path.GetFullPath(parsed.GetRequiredValue(s_output));
        RequireVacant(output);
        var dtype = parsed.GetValue(s_dtype) is "float32" ? DType.F32 : DType.BF16;
        await using var progress = new ProgressDisplay(io);
        var writing = new DirectProgress<LoadProgress>(told => progress.Step("writing", told.BytesDone, told.BytesTotal));
        try
        {
            SynthModel.Write(
                parsed.GetRequiredValue(s_preset), parsed.GetValue(s_layers), parsed.GetValue(s_seed), dtype, output, writing,
                cancellationToken);
        }
        catch (ArgumentException error)
        {
            throw new UsageException($"synth: {error.Message}");
        }

        await progress.EndAsync().ConfigureAwait(false);
        io.Out.WriteLine(output);
        return ErrorReport.Success;
    }

    private static void RequireVacant(string output)
    {
        if (File.Exists(output))
            throw new UsageException($"--output: expected a new or empty directory, found the file {output}");
        if (Directory.Exists(output) && Directory.EnumerateFileSystemEntries(output).FirstOrDefault() is { } entry)
            throw new UsageException($"--output: expected a new or empty directory, found {entry}");
    }
}
