namespace AkkaCp.Actors.Protocol;

/// <summary>What a node brings into a group.</summary>
/// <param name="Name">The node's name, unique in its cluster.</param>
/// <param name="DataEndpoint">Where its data plane listens, <c>host:port</c> as other nodes reach it; empty in one process.</param>
/// <param name="Places">Ranks that it takes at most, at least 1.</param>
/// <param name="MemoryBytes">Memory of the machine.</param>
/// <param name="Device">Cores and kernel variant in words, for people.</param>
/// <param name="KvBlocks">Blocks of each of its ranks' KV pools, block 0, which is never given out, included: at least 2.</param>
public sealed record NodeOffer(string Name, string DataEndpoint, int Places, long MemoryBytes, string Device, int KvBlocks);
