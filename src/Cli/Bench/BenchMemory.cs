using System.Diagnostics;

namespace AkkaCp.Cli.Bench;

/// <summary>What a run should take, and what was resident at most.</summary>
/// <param name="WeightBytes">Packed weights of the process, each piece once.</param>
/// <param name="KvBytes">KV pools of all ranks of all layouts.</param>
/// <param name="ActivationBytes">Activations at their most, of all ranks of all layouts.</param>
/// <param name="PeakResidentBytes">The process's resident memory at its most: runtime, code and kernels' scratch are in it.</param>
internal sealed record BenchMemory(long WeightBytes, long KvBytes, long ActivationBytes, long PeakResidentBytes)
{
    /// <summary>Measures now; the activations are those of the given results.</summary>
    public static BenchMemory Of(BenchModel model, IReadOnlyList<BenchRanks> layouts, IReadOnlyList<PrefillResult> results)
    {
        using var process = Process.GetCurrentProcess();
        return new(
            model.Weights.Bytes,
            layouts.Sum(layout => layout.Ranks.Sum(rank => rank.KvBytes)),
            layouts.Sum(layout => layout.Ranks.Count * results.Where(result => result.Layout == layout.Layout)
                .Max(result => result.PeakActivationBytes)),
            process.PeakWorkingSet64);
    }
}
