namespace AkkaCp.Collectives.Groups;

/// <summary>The operations of <see cref="Calls.IRankGroup"/>.</summary>
internal enum CollectiveOperation
{
    AllGather,
    AllReduce,
    ReduceScatter,
    Broadcast,
    Barrier,
}
