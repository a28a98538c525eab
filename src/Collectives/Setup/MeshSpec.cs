using AkkaCp.Collectives.Topology;

namespace AkkaCp.Collectives.Setup;

/// <summary>
/// One forming of the ranks: which rank is where. All processes of an epoch are given the same spec, save for
/// <see cref="LocalRanks"/> and their own <see cref="Facts"/>.
/// </summary>
public sealed record MeshSpec
{
    /// <summary>Number of the forming, above all earlier ones; collectives are tagged with it.</summary>
    public required long Epoch { get; init; }

    /// <summary>May be drawn by the coordinator for each forming, so that two coordinators that number alike do not mix their ranks;
    /// empty by default.</summary>
    public Guid Formation { get; init; }

    /// <summary>The layout.</summary>
    public required RankTopology Topology { get; init; }

    /// <summary>Where each rank is: [WorldSize], by global rank. Ranks of one process have equal endpoints.</summary>
    public required IReadOnlyList<PeerEndpoint> Endpoints { get; init; }

    /// <summary>Global ranks of this process.</summary>
    public required IReadOnlyList<int> LocalRanks { get; init; }

    /// <summary>How long a call waits for its members after the first sign of it, more than 0; null, the default, for ever: a slow rank is
    /// late, not lost.</summary>
    public TimeSpan? CallTimeout { get; init; }

    /// <summary>What this process says about itself; peers that differ are refused.</summary>
    public required MeshFacts Facts { get; init; }
}
