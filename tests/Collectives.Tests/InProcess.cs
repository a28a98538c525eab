using AkkaCp.Collectives.Calls;
using AkkaCp.Collectives.Topology;

namespace AkkaCp.Collectives.Tests;

/// <summary>Ranks that are all of this process, in one epoch.</summary>
internal static class InProcess
{
    public static RankMesh Mesh(RankTopology topology, TimeSpan? callTimeout = null, TimeProvider? time = null, long epoch = 1) =>
        (RankMesh)DataPlane.InProcess(epoch, topology, callTimeout, time);

    /// <summary>The ATTN_CP group of so many ranks, by member.</summary>
    public static IRankGroup[] Group(int size)
    {
        var mesh = Mesh(new RankTopology(size, AttnCp: size));
        return [.. Enumerable.Range(0, size).Select(rank => mesh.Group(GroupKind.AttnCp, rank))];
    }
}
