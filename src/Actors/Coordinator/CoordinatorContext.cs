using AkkaCp.Actors.Ranks;

namespace AkkaCp.Actors.Coordinator;

/// <summary>What a coordinator shares with the program that started it; outlives its restarts.</summary>
/// <param name="limits">What does not change.</param>
/// <param name="createPipeline">Builds ranks' pipelines.</param>
internal sealed class CoordinatorContext(CoordinatorLimits limits, RankPipelineFactory createPipeline)
{
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _epoch;
    private volatile CpStatus _status = new(CpPhase.Forming, 0, 0, 0, 0, 0, limits.KvBlocks - 1, limits.KvBlocks - 1);

    public CoordinatorLimits Limits { get; } = limits;

    public RankPipelineFactory CreatePipeline { get; } = createPipeline;

    /// <summary>Pipelines that are still ending.</summary>
    public PipelineDisposals Disposals { get; } = new();

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

    /// <summary>An epoch above all earlier ones, those before a restart included.</summary>
    public long NextEpoch() => Interlocked.Increment(ref _epoch);

    /// <summary>All ranks are built.</summary>
    public void SetReady() => _ready.TrySetResult();

    /// <summary>The ranks cannot be built.</summary>
    public void SetFailed(string message)
    {
        if (_ready.TrySetException(new InvalidOperationException(message)))
            _ = _ready.Task.Exception;
    }
}
