using System.CommandLine;
using AkkaCp.Cli.Bench;
using AkkaCp.Npu.Cpu;

namespace AkkaCp.Cli.Commands;

/// <summary><c>akkacp bench decode</c>: steps of one token a stream.</summary>
internal static class BenchDecodeCommand
{
    private const int LimitRepeats = 10;

    private static readonly Option<string> s_depth = new("--depth")
    {
        Description = "Tokens before the measured ones: 512,8192.",
        DefaultValueFactory = _ => "512",
    };

    private static readonly Option<string> s_streams = new("--streams")
    {
        Description = "Requests that decode together: 1,16.",
        DefaultValueFactory = _ => "1,16",
    };

    private static readonly Option<int> s_steps = new("--steps")
    {
        Description = "Steps of a round. Default 32.",
        DefaultValueFactory = _ => 32,
    };

    public static Command Create(CommandIo io)
    {
        var command = new Command("decode", "Times decode steps; numbers of streams alternate in one run, the median is told.")
        {
            s_depth, s_streams, s_steps,
        };
        BenchOptions.AddTo(command);
        command.SetAction((parsed, cancellationToken) => RunAsync(parsed, io, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CommandIo io, CancellationToken cancellationToken)
    {
        var depths = BenchOptions.Positive("--depth", parsed.GetValue(s_depth)!);
        var streams = BenchOptions.Positive("--streams", parsed.GetValue(s_streams)!);
        var steps = BenchOptions.Positive("--steps", $"{parsed.GetValue(s_steps)}")[0];
        var model = BenchOptions.Model(parsed);
        var layouts = BenchOptions.Layouts(parsed, model);
        var bench = new DecodeBench(cores => MachineLimits.ReadGBps(LimitRepeats, cores), BenchOptions.RoundsOf(parsed), steps);
        var room = bench.Room(depths, streams);
        BenchOptions.RequireContext("--depth", room.Tokens / room.Streams, model);

        await using var loaded = new BenchLayouts();
        foreach (var layout in layouts)
            loaded.Add(await BenchRanks.LoadAsync(model, layout, room.Tokens, room.Streams).ConfigureAwait(false));
        var results = await bench.RunAsync(loaded.Ranks, depths, streams, BenchOptions.Progress(io, cancellationToken))
            .ConfigureAwait(false);
        if (parsed.GetValue(CommonOptions.Json))
            BenchJson.Write(io.Out, bench.LimitGBps, results);
        else
            BenchTables.Write(io.Out, bench.LimitGBps, results);
        return ErrorReport.Success;
    }
}
