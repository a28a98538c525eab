namespace AkkaCp.Pipeline.Groups;

/// <summary>The operations of <see cref="IRankGroup"/>.</summary>
internal enum CollectiveOperation
{
    AllGather,
    AllReduce,
    ReduceScatter,
    Broadcast,
    Barrier,
}
