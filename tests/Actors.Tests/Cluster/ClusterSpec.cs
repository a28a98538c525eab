using AkkaCp.Actors.Protocol;
using Xunit;

namespace AkkaCp.Actors.Tests.Cluster;

/// <summary>Real nodes over loopback: they form, serve, lose one another and come back.</summary>
public class ClusterSpec
{
    [Fact]
    public async Task NodesFormAGroup_AndServeFromEveryNodeAndFromOutside()
    {
        await using var cluster = new TestCluster();
        var (a, b, c) = (cluster.Start("a"), cluster.Start("b"), cluster.Start("c"));
        await cluster.ServedBy(a, b);
        await c.Until(status => status is { State: NodeState.Ready, Ranks.IsEmpty: true });

        var client = cluster.Client();
        foreach (var submit in new Func<GenerationProtocol.Submit, IAsyncEnumerable<GenerationProtocol.IReply>>[]
            { r => a.Node.Submit(r), r => b.Node.Submit(r), r => c.Node.Submit(r), r => client.Submit(r) })
        {
            var request = TestCluster.Request(20, 30);
            await TestCluster.Read(submit(request), request);
        }

        var status = await client.StatusAsync(TestCluster.Patience);
        Assert.NotNull(status);
        Assert.Equal((a.Node.Control, CpPhase.Serving, 2), (status.Coordinator, status.Group.Phase, status.WorldSize));
        Assert.Equal(["a", "b", "c"], status.Nodes.Select(node => node.Offer.Name));
        Assert.Equal([a.Node.Control, b.Node.Control, c.Node.Control], status.Nodes.Select(node => node.Control));
        Assert.Equal(["0", "1", ""], status.Nodes.Select(node => string.Join(",", node.Status.Ranks)));
        Assert.Equal(
            [NodeState.Ready, NodeState.Serving], a.States.Where(state => state is not (NodeState.Joining or NodeState.Loading)).Distinct());
    }

    [Fact]
    public async Task NodeThatVanishes_IsReplacedByTheSpareAndTheTextGoesOn()
    {
        await using var cluster = new TestCluster();
        var (a, b, c) = (cluster.Start("a"), cluster.Start("b"), cluster.Start("c"));
        await cluster.ServedBy(a, b);
        await c.Until(status => status.State is NodeState.Ready);
        var request = TestCluster.Request(20, 60);
        foreach (var node in new[] { a, b, c })
            node.Ranks.Gate = new SemaphoreSlim(20);

        // The gates let 20 steps through, so the node vanishes in the middle of the text.
        var running = TestCluster.Read(cluster.Client().Submit(request), request, given =>
        {
            if (given != 10)
                return;
            _ = b.Kill();
            Array.ForEach([a, c], node => node.Ranks.Gate!.Release(1000));
        });
        await running;
        await cluster.ServedBy(a, c);
        Assert.Equal([1], c.Node.Status.Ranks);
    }

    [Fact]
    public async Task CoordinatorsNodeThatVanishes_CostsNoToken()
    {
        await using var cluster = new TestCluster();
        var (a, b, c) = (cluster.Start("a"), cluster.Start("b"), cluster.Start("c"));
        await cluster.ServedBy(a, b);
        await c.Until(status => status.State is NodeState.Ready);
        var request = TestCluster.Request(20, 60);
        Array.ForEach([a, b, c], node => node.Ranks.Gate = new SemaphoreSlim(20));
        var running = TestCluster.Read(b.Node.Submit(request), request, given =>
        {
            if (given != 10)
                return;
            _ = a.Kill();
            Array.ForEach([b, c], node => node.Ranks.Gate!.Release(1000));
        });
        await running;
        var status = await b.Node.StatusAsync(TestCluster.Patience);
        Assert.Contains(status!.Coordinator, new[] { b.Node.Control, c.Node.Control });
        Assert.True(status.Group.Epoch > 1, "a new coordinator never uses an epoch again");
    }
}
