using System.CommandLine;
using AkkaCp.Cli.Display;
using AkkaCp.Cli.Output;
using AkkaCp.Model;
using AkkaCp.Model.Configuration;
using AkkaCp.Model.Weights;
using AkkaCp.Text.Files;

namespace AkkaCp.Cli.Commands;

/// <summary><c>akkacp quantize</c>: a GGUF file of a model.</summary>
internal static class QuantizeCommand
{
    public const string Name = "quantize";

    private static readonly Option<string> s_output = new Option<string>("--output")
    {
        Description = "The file, called .gguf.",
        Required = true,
    }.TakesPath();

    private static readonly Option<bool> s_force = new("--force") { Description = "Replace a file that is there." };

    private static readonly Option<string?> s_type =
        CommonOptions.Among("--type", "Types of the weights in the file. Default: Q4_K_M.", [.. ModelFiles.GgufKinds]);

    public static Command Create(CommandIo io)
    {
        var command = new Command(Name, "Writes a model as a GGUF file, which llama.cpp reads too.")
        {
            CommonOptions.Model, s_type, s_output, s_force,
        };
        command.SetAction((parsed, cancellationToken) => RunAsync(parsed, io, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CommandIo io, CancellationToken cancellationToken)
    {
        var model = ModelDirectory.Find(parsed.GetValue(CommonOptions.Model));
        var output = GgufOutput.Require(parsed.GetRequiredValue(s_output), parsed.GetValue(s_force));
        await using var progress = new ProgressDisplay(io);
        var writing = new DirectProgress<LoadProgress>(told => progress.Step("writing", told.BytesDone, told.BytesTotal));
        try
        {
            ModelFiles.WriteGguf(
                model, output, parsed.GetValue(s_type) ?? ModelFiles.GgufKinds[0], parsed.GetValue(s_force), writing, cancellationToken);
        }
        catch (Exception error) when (error is ModelConfigException or ModelFormatException)
        {
            throw new UsageException($"quantize: {error.Message}");
        }

        await progress.EndAsync().ConfigureAwait(false);
        io.Out.WriteLine(output);
        return ErrorReport.Success;
    }
}
