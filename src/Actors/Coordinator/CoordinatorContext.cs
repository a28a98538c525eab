using AkkaCp.Actors.Protocol;
using AkkaCp.Scheduling;

namespace AkkaCp.Actors.Coordinator;

/// <summary>What a coordinator shares with the program that started it; outlives its restarts, and the actor system.</summary>
/// <param name="limits">What does not change.</param>
/// <param name="facts">What every node must have.</param>
/// <param name="rules">How patient the coordinator is.</param>
internal sealed class CoordinatorContext(SchedulerLimits limits, GroupFacts facts, CoordinatorRules rules)
{
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _highestEpoch;
    private volatile CoordinatorStatus _status =
        new(CoordinatorPhase.Forming, 0, 0, 0, 0, 0, limits.KvBlocks - 1, limits.KvBlocks - 1, 0, 0);

    public SchedulerLimits Limits { get; } = limits;

    public CoordinatorRules Rules { get; } = rules;

    public GroupFacts Facts { get; } = facts;

    /// <summary>Control-plane address of this process, <c>host:port</c>; empty where there is none.</summary>
    public string Control { get; set; } = "";

    /// <summary>Nodes that the cluster has now; null where nobody knows.</summary>
    public Func<int>? ClusterSize { get; set; }

    /// <summary>
    /// Gives the coordinator's place up, if this node should not have it and there is another one; null where there is no other.
    /// </summary>
    public Func<bool>? TryYield { get; set; }

    /// <summary>Ends with the first group of ranks, or with the reason why there is none.</summary>
    public Task Ready => _ready.Task;

    /// <summary>The last picture.</summary>
    public CoordinatorStatus Status
    {
        get => _status;
        set => _status = value;
    }

    /// <summary>Sequence id of the next request: whoever keeps something by it may still hold what came before a restart.</summary>
    public long NextSequenceId { get; set; } = 1;

    /// <summary>An epoch above all earlier ones: those before a restart, and those that nodes have heard of elsewhere.</summary>
    /// <param name="heardOf">The highest epoch that any node has heard of.</param>
    public long NextEpoch(long heardOf) => _highestEpoch = Math.Max(_highestEpoch, heardOf) + 1;

    /// <summary>
    /// Whether a coordinator that takes over has heard of all nodes, so that it need not listen any longer. Nodes that start together are
    /// not all members yet, and none of them has a rank.
    /// </summary>
    public bool AreAllKnown(Roster roster) =>
        ClusterSize is not null && roster.Members.Count >= ClusterSize()
        && roster.Members.Values.Any(member => !member.Heartbeat.Status.Ranks.IsEmpty);

    /// <summary>All ranks are built.</summary>
    public void SetReady() => _ready.TrySetResult();

    /// <summary>The ranks cannot be built.</summary>
    public void SetFailed(string message, Exception? cause = null)
    {
        if (_ready.TrySetException(new InvalidOperationException(message, cause)))
            _ = _ready.Task.Exception;
    }
}
