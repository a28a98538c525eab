using System.CommandLine;
using System.Globalization;
using AkkaCp.Cli.Bench;

namespace AkkaCp.Cli.Commands;

/// <summary><c>akkacp bench load</c>: weights from warm files into memory, beside merely reading the files.</summary>
internal static class BenchLoadCommand
{
    public static Command Create(CommandIo io)
    {
        var command = new Command("load", "Times loading the weights and merely reading their files, in turns; medians are told.")
        {
            CommonOptions.Model, CommonOptions.Dtype, CommonOptions.Activations, BenchOptions.Rounds, CommonOptions.Json,
        };
        command.SetAction((parsed, cancellationToken) => Task.FromResult(Run(parsed, io, cancellationToken)));
        return command;
    }

    private static int Run(ParseResult parsed, CommandIo io, CancellationToken cancellationToken)
    {
        var model = BenchOptions.Model(parsed);
        var result = new LoadBench(model.Directory, model.Types, BenchOptions.RoundsOf(parsed))
            .Run(BenchOptions.Progress(io, cancellationToken));
        if (parsed.GetValue(CommonOptions.Json))
            BenchJson.Write(io.Out, model.DTypeName, result);
        else
            Print(io.Out, result);
        return ErrorReport.Success;
    }

    private static void Print(TextWriter output, LoadResult result)
    {
        output.WriteLine("| | s | GB/s of the files | against reading |");
        output.WriteLine("|---|---|---|---|");
        Line("loading", result.LoadSeconds);
        Line("reading into a block that is used again", result.ReadSeconds);
        Line("reading into memory that is kept", result.ReadAndKeepSeconds);

        void Line(string what, double seconds) => output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {what} | {seconds:F3} | {result.FileBytes / seconds / 1e9:F1} | {seconds / result.ReadSeconds:F2} × |"));
    }
}
