using System.CommandLine;
using AkkaCp.Cli.Display;
using AkkaCp.Cli.Output;
using AkkaCp.Model;
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

    private static readonly Option<string?> s_format = CommonOptions.Among(
        "--format", "Write one GGUF file with these types of weights, and no directory.", [.. ModelFiles.GgufKinds]);

    private static readonly Option<string> s_output = new Option<string>("--output")
    {
        Description = "A new or empty directory; with --format a file called .gguf.",
        Required = true,
    }.TakesPath();

    private static readonly Option<bool> s_force = new("--force") { Description = "With --format: replace a file that is there." };

    public static Command Create(CommandIo io)
    {
        var command = new Command(Name, "Writes a model of true dimensions with random weights.")
        {
            s_preset, s_layers, s_seed, s_output, s_dtype, s_format, s_force,
        };
        command.SetAction((parsed, cancellationToken) => RunAsync(parsed, io, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CommandIo io, CancellationToken cancellationToken)
    {
        var output = OutputOf(parsed);
        await using var progress = new ProgressDisplay(io);
        var writing = new DirectProgress<LoadProgress>(told => progress.Step("writing", told.BytesDone, told.BytesTotal));
        try
        {
            Write(parsed, output, writing, cancellationToken);
        }
        catch (ArgumentException error)
        {
            throw new UsageException($"synth: {error.Message}");
        }

        await progress.EndAsync().ConfigureAwait(false);
        io.Out.WriteLine(output);
        return ErrorReport.Success;
    }

    private static void Write(ParseResult parsed, string output, IProgress<LoadProgress> writing, CancellationToken cancellationToken)
    {
        var (preset, layers, seed) = (parsed.GetRequiredValue(s_preset), parsed.GetValue(s_layers), parsed.GetValue(s_seed));
        if (parsed.GetValue(s_format) is { } kind)
        {
            SynthModel.WriteGguf(preset, layers, seed, kind, output, parsed.GetValue(s_force), writing, cancellationToken);
            return;
        }

        var dtype = parsed.GetValue(s_dtype) is "float32" ? DType.F32 : DType.BF16;
        SynthModel.Write(preset, layers, seed, dtype, output, writing, cancellationToken);
    }

    private static string OutputOf(ParseResult parsed)
    {
        if (parsed.GetValue(s_format) is null)
        {
            if (parsed.GetValue(s_force))
                throw new UsageException("--force: expected it with --format, found no --format");
            return Vacant(Path.GetFullPath(parsed.GetRequiredValue(s_output)));
        }

        if (parsed.GetValue(s_dtype) is { } dtype)
            throw new UsageException($"--dtype: expected none beside --format, found {dtype}");
        return GgufOutput.Require(parsed.GetRequiredValue(s_output), parsed.GetValue(s_force));
    }

    private static string Vacant(string output)
    {
        if (File.Exists(output))
            throw new UsageException($"--output: expected a new or empty directory, found the file {output}");
        if (Directory.Exists(output) && Directory.EnumerateFileSystemEntries(output).FirstOrDefault() is { } entry)
            throw new UsageException($"--output: expected a new or empty directory, found {entry}");
        return output;
    }
}
