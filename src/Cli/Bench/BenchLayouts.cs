using System.Globalization;
using AkkaCp.Collectives.Topology;
using AkkaCp.Npu.Cpu;

namespace AkkaCp.Cli.Bench;

/// <summary>The ranks of one measurement, and how many threads each has.</summary>
/// <param name="Topology">Ranks and groups.</param>
/// <param name="Threads">Computing threads of each rank.</param>
internal sealed record BenchLayout(RankTopology Topology, int Threads)
{
    /// <summary>Processors that compute at the same time, at most those of the machine.</summary>
    public int Cores => Math.Min(Topology.WorldSize * Threads, Environment.ProcessorCount);

    /// <summary>Processors of a rank's threads, as the engine pins them; null unless the threads use all of them.</summary>
    public IReadOnlyList<int>? CoresOf(int rank) => Topology.WorldSize * Threads == Environment.ProcessorCount
        ? [.. Enumerable.Range(rank * Threads, Threads).Select(thread => CpuDevice.AllowedProcessors[thread])]
        : null;

    /// <inheritdoc/>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"tp {Topology.Tp}, attn-cp {Topology.AttnCp}, {Threads} threads a rank");
}

/// <summary>The layouts of a run, all loaded at once so that they can take turns.</summary>
internal sealed class BenchLayouts : IAsyncDisposable
{
    private readonly List<BenchRanks> _ranks = [];

    /// <summary>In the order they were loaded.</summary>
    public IReadOnlyList<BenchRanks> Ranks => _ranks;

    /// <summary>Takes one over.</summary>
    public void Add(BenchRanks ranks) => _ranks.Add(ranks);

    public async ValueTask DisposeAsync()
    {
        foreach (var ranks in _ranks)
            await ranks.DisposeAsync().ConfigureAwait(false);
    }
}
