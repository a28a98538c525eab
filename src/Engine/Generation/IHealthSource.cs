using AkkaCp.Actors;
using AkkaCp.Engine.Composition;
using AkkaCp.Engine.Ranks;

namespace AkkaCp.Engine.Generation;

/// <summary>Says how an engine's ranks are.</summary>
internal interface IHealthSource
{
    /// <summary>What is known at once.</summary>
    EngineHealth Last { get; }

    /// <summary>Asks; what nobody answers in time is unknown.</summary>
    Task<EngineHealth> AskAsync(TimeSpan timeout, CancellationToken cancellationToken);
}

/// <summary>The health of ranks that are all in this process, whose coordinator keeps its picture at hand.</summary>
internal sealed class OwnHealth(InProcessPlane control, RankHost ranks, EngineSpec spec) : IHealthSource
{
    /// <inheritdoc/>
    public EngineHealth Last =>
        EngineHealth.Of(control.Status, spec.Topology.WorldSize, spec.Settings.KvCache.BlockSizeTokens, ranks.DeviceName) with
        {
            MemoryBytes = ranks.MemoryBytes,
            PeakMemoryBytes = ranks.PeakMemoryBytes,
        };

    /// <inheritdoc/>
    public Task<EngineHealth> AskAsync(TimeSpan timeout, CancellationToken cancellationToken) => Task.FromResult(Last);
}
