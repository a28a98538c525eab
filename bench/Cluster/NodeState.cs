namespace AkkaCp.Bench.Cluster;

/// <summary>What a node says of itself.</summary>
/// <param name="StepsPlanned">Steps that its coordinator has planned; 0 where the coordinator is elsewhere.</param>
/// <param name="ManagedBytes">Live managed memory, behind a full collection.</param>
/// <param name="ResidentBytes">Memory of the process.</param>
/// <param name="Handles">Open file descriptors.</param>
/// <param name="Threads">Threads.</param>
internal sealed record NodeState(long StepsPlanned, long ManagedBytes, long ResidentBytes, int Handles, int Threads);
