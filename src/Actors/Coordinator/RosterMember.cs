using System.Collections.Immutable;
using AkkaCp.Actors.Protocol;

namespace AkkaCp.Actors.Coordinator;

/// <summary>A node that the group accepts.</summary>
/// <param name="Control">Its control-plane address; nodes of one process have none.</param>
/// <param name="Heartbeat">What it said last.</param>
internal sealed record RosterMember(string Control, NodeProtocol.Heartbeat Heartbeat)
{
    /// <summary>Seconds since it was last heard of.</summary>
    public int Silence { get; init; }

    /// <summary>Whether the weights that it has loaded were compared with the group's.</summary>
    public bool IsProven { get; init; } = true;

    /// <summary>Ranks that it loads while it has none; empty until that is decided.</summary>
    public ImmutableArray<int> StandsBy { get; init; } = [];

    /// <summary>The node's name.</summary>
    public string Name => Heartbeat.Name;

    /// <summary>Ranks that it can take.</summary>
    public int Places => Heartbeat.Status.State is NodeState.Draining or NodeState.Stopped ? 0 : Heartbeat.Offer.Places;

    /// <summary>Whether it could run the rank at once.</summary>
    public bool HasLoaded(int rank) => IsProven && Heartbeat.Loaded.Contains(rank);

    /// <summary>Whether it had the rank when it spoke last, perhaps under an earlier coordinator.</summary>
    public bool Claims(int rank) => Heartbeat.Status.Ranks.Contains(rank);
}
