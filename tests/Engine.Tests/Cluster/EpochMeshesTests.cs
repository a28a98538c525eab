using AkkaCp.Actors.Protocol;
using AkkaCp.Collectives.Setup;
using AkkaCp.Collectives.Topology;
using AkkaCp.Engine.Ranks;
using Xunit;

namespace AkkaCp.Engine.Tests.Cluster;

public class EpochMeshesTests
{
    [Fact]
    public async Task RanksThatAskTogether_MeetInOneMesh()
    {
        var stop = TestContext.Current.CancellationToken;
        await using var meshes = new EpochMeshes(null, new RankTopology(2, AttnCp: 2), null, new MeshFacts("", "", ""));
        using var together = new Barrier(2);
        for (var epoch = 1; epoch <= 500; epoch++)
        {
            var table = new EpochTable(epoch, Guid.Empty, []);
            var ranks = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Run(
                () =>
                {
                    together.SignalAndWait(stop);
                    return meshes.ConnectAsync(table, stop);
                },
                stop)));
            Assert.Same(ranks[0], ranks[1]);
        }
    }
}
