using AkkaCp.Actors.Protocol;

namespace AkkaCp.Engine;

/// <summary>A snapshot of the engine. Null is unknown: of a cluster, what nobody answers.</summary>
/// <param name="Ready">Whether requests are taken and every rank runs; null when no coordinator answers.</param>
/// <param name="Ranks">Ranks of the layout.</param>
/// <param name="Epoch">Incarnation of the group of ranks; above 1 after ranks failed and were built anew.</param>
/// <param name="RunningRequests">Requests that hold KV.</param>
/// <param name="QueuedRequests">Requests that wait.</param>
/// <param name="FreeKvTokens">Tokens for which the KV pool has room, what it keeps of requests that have ended given up.</param>
/// <param name="MemoryBytes">Tensor memory of all devices now: weights, KV pools and buffers; null of a cluster.</param>
/// <param name="PeakMemoryBytes">The devices' own peaks together; null of a cluster.</param>
/// <param name="Device">The device of rank 0, with the kernels in use; of a cluster, its nodes'.</param>
public sealed record EngineHealth(
    bool? Ready, int Ranks, long? Epoch, int? RunningRequests, int? QueuedRequests, long? FreeKvTokens, long? MemoryBytes,
    long? PeakMemoryBytes, string Device)
{
    /// <summary>Tokens that requests did not compute, because earlier ones had left their keys and values in the pool; counted since the
    /// coordinator began. Null of a cluster that does not answer.</summary>
    public long? CachedTokens { get; init; }

    /// <summary>How often running requests were put back in the queue, because no KV block was left; counted since the coordinator began.
    /// Null of a cluster that does not answer.</summary>
    public long? PutBacks { get; init; }

    /// <summary>Blocks of the KV pool that nobody holds; null of a cluster that does not answer.</summary>
    public long? FreeKvBlocks { get; init; }

    /// <summary>How often callbacks of the program have thrown (loggers, progress) since the engine began to start. The first of each
    /// kind is in the log.</summary>
    public long CallbackFailures { get; init; }

    /// <summary>What a coordinator says of itself, and all that is unknown where none answers; memory is for others to add.</summary>
    internal static EngineHealth Of(CoordinatorStatus? group, int ranks, int? kvBlockTokens, string device) => new(
        group is null ? null : group.Phase is CoordinatorPhase.Serving, ranks, group?.Epoch, group?.Running, group?.Queued,
        (long?)group?.FreeKvBlocks * kvBlockTokens, null, null, device)
    {
        CachedTokens = group?.CachedTokens,
        PutBacks = group?.PutBacks,
        FreeKvBlocks = group?.FreeKvBlocks,
    };
}
