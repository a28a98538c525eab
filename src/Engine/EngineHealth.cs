namespace AkkaCp.Engine;

/// <summary>A snapshot of the engine.</summary>
/// <param name="Ready">Whether requests are taken and every rank runs.</param>
/// <param name="Ranks">Ranks of the layout.</param>
/// <param name="Epoch">Incarnation of the group of ranks; above 1 after ranks failed and were built anew.</param>
/// <param name="RunningRequests">Requests that hold KV.</param>
/// <param name="QueuedRequests">Requests that wait.</param>
/// <param name="FreeKvTokens">Tokens for which the KV pool has room.</param>
/// <param name="MemoryBytes">Tensor memory of all devices now: weights, KV pools and buffers.</param>
/// <param name="PeakMemoryBytes">The devices' own peaks together.</param>
/// <param name="Device">The device of rank 0, with the kernels in use.</param>
public sealed record EngineHealth(
    bool Ready, int Ranks, long Epoch, int RunningRequests, int QueuedRequests, long FreeKvTokens, long MemoryBytes,
    long PeakMemoryBytes, string Device);
