using System.CommandLine;
using AkkaCp.Cli.Bench;
using AkkaCp.Npu.Cpu;
using AkkaCp.Pipeline.Partition;

namespace AkkaCp.Cli.Commands;

/// <summary><c>akkacp bench prefill</c>: whole prompts, by stage.</summary>
internal static class BenchPrefillCommand
{
    private const int LimitRepeats = 20;

    private static readonly Option<string> s_promptTokens = new("--prompt-tokens")
    {
        Description = "Lengths of the prompts: 512,2048.",
        DefaultValueFactory = _ => "512,2048",
    };

    private static readonly Option<int> s_chunk = new("--chunk")
    {
        Description = "Prompt tokens of one step at most; 0 does not divide prompts. Default 2048, as the engine's.",
        DefaultValueFactory = _ => 2048,
    };

    public static Command Create(CommandIo io)
    {
        var command = new Command("prefill", "Times prompts of random tokens; layouts alternate in one run, the median is told.")
        {
            s_promptTokens, s_chunk, CommonOptions.MinCpTokens,
        };
        BenchOptions.AddTo(command);
        command.SetAction((parsed, cancellationToken) => RunAsync(parsed, io, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CommandIo io, CancellationToken cancellationToken)
    {
        var lengths = BenchOptions.Positive("--prompt-tokens", parsed.GetValue(s_promptTokens)!);
        var (rounds, chunk) = (BenchOptions.RoundsOf(parsed), parsed.GetValue(s_chunk));
        if (chunk < 0)
            throw new UsageException($"--chunk: expected 0 or more, found {chunk}");
        var model = BenchOptions.Model(parsed);
        BenchOptions.RequireContext("--prompt-tokens", lengths.Max(), model);
        var layouts = BenchOptions.Layouts(parsed, model);

        // What is measured is the split: prompts are split whatever their length, unless a length is given.
        var policy = new CpPolicySettings { MinTokens = parsed.GetValue(CommonOptions.MinCpTokens) ?? 1 };
        var limit = MachineLimits.ProductGflops(model.LimitDType, LimitRepeats);
        await using var loaded = new BenchLayouts();
        foreach (var layout in layouts)
            loaded.Add(await BenchRanks.LoadAsync(model, layout, lengths.Max(), streams: 1).ConfigureAwait(false));
        var results = await new PrefillBench(limit, rounds, chunk)
            .RunAsync(loaded.Ranks, lengths, policy, BenchOptions.Progress(io, cancellationToken)).ConfigureAwait(false);

        if (parsed.GetValue(CommonOptions.Json))
            BenchJson.Write(io.Out, limit, BenchMemory.Of(model, loaded.Ranks, results), results);
        else
            BenchTables.Write(io.Out, limit, results);
        return ErrorReport.Success;
    }
}
