namespace AkkaCp.Actors.Coordinator;

/// <summary>What a coordinator shares with the program that started it; outlives its restarts, and the actor system.</summary>
/// <param name="limits">What does not change.</param>
/// <param name="facts">What every node must have.</param>
internal sealed class CoordinatorContext(CoordinatorLimits limits, GroupFacts facts)
{
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _highestEpoch;
    private volatile CpStatus _status = new(CpPhase.Forming, 0, 0, 0, 0, 0, limits.KvBlocks - 1, limits.KvBlocks - 1);

    public CoordinatorLimits Limits { get; } = limits;

    public GroupFacts Facts { get; } = facts;

    /// <summary>Control-plane address of this process, <c>host:port</c>; empty where there is none.</summary>
    public string Control { get; set; } = "";

    /// <summary>Ends with the first group of ranks, or with the reason why there is none.</summary>
    public Task Ready => _ready.Task;

    /// <summary>The last picture.</summary>
    public CpStatus Status
    {
        get => _status;
        set => _status = value;
    }

    /// <summary>Number of the next request: whoever keeps something by number may still hold what came before a restart.</summary>
    public long NextRequest { get; set; } = 1;

    /// <summary>An epoch above all earlier ones: those before a restart, and those that nodes have heard of elsewhere.</summary>
    /// <param name="heardOf">The highest epoch that any node has heard of.</param>
    public long NextEpoch(long heardOf) => _highestEpoch = Math.Max(_highestEpoch, heardOf) + 1;

    /// <summary>All ranks are built.</summary>
    public void SetReady() => _ready.TrySetResult();

    /// <summary>The ranks cannot be built.</summary>
    public void SetFailed(string message)
    {
        if (_ready.TrySetException(new InvalidOperationException(message)))
            _ = _ready.Task.Exception;
    }
}
