using System.Diagnostics;
using AkkaCp.Pipeline.Partition;

namespace AkkaCp.Cli.Bench;

/// <summary>
/// Times whole prompts on several layouts side by side. Rounds alternate between the layouts (A B A B), so that what else the machine
/// does meets all alike; the first round warms up and does not count; of the others each layout's median run is told.
/// </summary>
/// <param name="limitGflops">What one core can multiply at most, GFLOP/s.</param>
/// <param name="rounds">Runs that count, of each length on each layout.</param>
/// <param name="chunk">Prompt tokens of a step at most; 0 does not divide prompts.</param>
internal sealed class PrefillBench(double limitGflops, int rounds, int chunk)
{
    /// <summary>Measures every length on every layout.</summary>
    /// <param name="ranks">The layouts, loaded.</param>
    /// <param name="lengths">Prompt lengths, in tokens.</param>
    /// <param name="policy">How prompts lie on the ranks.</param>
    /// <param name="progress">Told before each round.</param>
    public async Task<IReadOnlyList<PrefillResult>> RunAsync(
        IReadOnlyList<BenchRanks> ranks, IReadOnlyList<int> lengths, CpPolicySettings policy, Action<string> progress)
    {
        var plans = ranks.Select(layout => new BenchPlans(layout.Layout.Topology.AttnCp, policy)).ToArray();
        var results = new List<PrefillResult>();
        foreach (var length in lengths)
        {
            var runs = ranks.Select(_ => new List<PrefillResult>()).ToArray();
            for (var round = 0; round <= rounds; round++)
            {
                progress(round == 0 ? $"{length} tokens, warming up" : $"{length} tokens, round {round} of {rounds}");
                for (var i = 0; i < ranks.Count; i++)
                {
                    var run = await RunOnceAsync(ranks[i], plans[i], length, round).ConfigureAwait(false);
                    if (round > 0)
                        runs[i].Add(run);
                }
            }

            results.AddRange(runs.Select(Median));
        }

        return results;
    }

    /// <summary>Measures one prompt once.</summary>
    public async Task<PrefillResult> RunOnceAsync(BenchRanks ranks, BenchPlans plans, int length, int seed)
    {
        var (request, steps) = plans.Prefill(ranks.Model.RandomTokens(length, seed), chunk);
        ranks.Reset();
        var (start, processor) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
        Task last = Task.CompletedTask;
        foreach (var step in steps)
            last = await ranks.SendAsync(step).ConfigureAwait(false);
        await last.ConfigureAwait(false);
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        processor = Environment.CpuUsage.TotalTime - processor;
        plans.Release(request);
        return Result(ranks, length, seconds, processor.TotalSeconds);
    }

    private PrefillResult Result(BenchRanks ranks, int length, double seconds, double processorSeconds)
    {
        var flops = new UsefulWork(ranks.Model.Config).PrefillFlops(length);
        var gflops = flops.Values.Sum() / seconds / 1e9;
        var exposed = ranks.Ranks.Average(rank => rank.Clock.Stages.Where(stage => stage.Name == "KvConcatGather").Sum(
            stage => stage.Exposed.TotalSeconds));
        return new PrefillResult
        {
            PromptTokens = length,
            Layout = ranks.Layout,
            DType = ranks.Model.DTypeName,
            Seconds = seconds,
            ProcessorSeconds = processorSeconds,
            Gflops = gflops,
            ShareOfLimit = gflops / (limitGflops * ranks.Layout.Cores),
            ExposedGatherShare = exposed / seconds,
            PeakActivationBytes = ranks.Ranks.Max(rank => rank.PeakActivationBytes),
            Stages = Stages(ranks, flops),
        };
    }

    private static List<StageFigure> Stages(BenchRanks ranks, IReadOnlyDictionary<string, double> flops) =>
        [.. ranks.Ranks[0].Clock.Stages.Select(stage =>
        {
            var seconds = ranks.Ranks.Average(rank => rank.Clock.Stages.Single(own => own.Name == stage.Name).Computed.TotalSeconds);
            return new StageFigure(stage.Name, seconds * 1e3, seconds > 0 ? flops.GetValueOrDefault(stage.Name) / seconds / 1e9 : 0);
        })];

    private static PrefillResult Median(List<PrefillResult> runs) => runs.OrderBy(run => run.Seconds).ElementAt(runs.Count / 2);
}
