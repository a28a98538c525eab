using AkkaCp.Collectives.Topology;
using AkkaCp.Model.Weights;

namespace AkkaCp.Pipeline;

/// <summary>What of the model each rank of a layout holds.</summary>
public static class RankShards
{
    /// <summary>The part of the model that a rank holds; equal on ranks that hold equal weights.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such rank.</exception>
    public static ShardSpec ShardOf(this RankTopology topology, int globalRank)
    {
        ArgumentNullException.ThrowIfNull(topology);
        var at = topology.CoordinatesOf(globalRank);
        return new ShardSpec(topology.AttnTp, at.AttnTpRank, topology.MoeTp, at.MoeTpRank, topology.Ep, at.MoeEpRank);
    }
}
