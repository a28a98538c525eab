using AkkaCp.Collectives.Topology;
using AkkaCp.Model.Weights;
using Xunit;

namespace AkkaCp.Pipeline.Tests;

public sealed class RankShardsTests
{
    // Context-parallel copies of a shard are equal, so that a process holds each once.
    [Fact]
    public void Shards_FollowTheCoordinates()
    {
        var reference = new RankTopology(4, 2, 2);
        Assert.Equal(
            [new(2, 0, 2, 0, 1, 0), new(2, 1, 2, 1, 1, 0), new(2, 0, 2, 0, 1, 0), new ShardSpec(2, 1, 2, 1, 1, 0)],
            Enumerable.Range(0, 4).Select(reference.ShardOf));
        Assert.Equal(
            [new(2, 0, 1, 0, 4, 0), new(2, 1, 1, 0, 4, 1), new(2, 0, 1, 0, 4, 2), new ShardSpec(2, 1, 1, 0, 4, 3)],
            Enumerable.Range(0, 4).Select(new RankTopology(4, 2, 1, 4).ShardOf));
    }
}
