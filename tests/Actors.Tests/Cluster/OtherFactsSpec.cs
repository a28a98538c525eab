using System.Net;
using AkkaCp.Actors.Protocol;
using AkkaCp.Model;
using AkkaCp.Scheduling.Requests;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Actors.Tests.Cluster;

/// <summary>Nodes and clients that are not of the group's model, and clusters that come back as another.</summary>
public class OtherFactsSpec
{
    [Fact]
    public async Task NodeWithOtherFacts_IsRefusedOnBothSidesAndHarmsNobody()
    {
        await using var cluster = new TestCluster();
        var (a, b) = (cluster.Start("a"), cluster.Start("b"));
        await cluster.ServedBy(a, b);
        var other = cluster.Start("other", facts: a.Ranks.Facts with { Tensors = "others", Kernels = "k9" });
        await other.Until(status => status is { State: NodeState.Joining, Message.Length: > 0 });
        Assert.Contains("tensors: expected tensors, found others; kernels: expected fake, found k9", other.Node.Status.Message);

        var status = await cluster.Client().StatusAsync(TestCluster.Patience);
        Assert.Equal(["", "", other.Node.Status.Message], status!.Nodes.Select(node => node.Refusal));
        var request = TestCluster.Request(30, 10);
        await TestCluster.Read(other.Node.Submit(request), request);
        Assert.Equal(1, status.Group.Epoch);
        Assert.Empty(other.Ranks.Loads);
    }

    [Fact]
    public async Task NodeWithOtherFacts_DoesNotBecomeTheMeasureWhenTheCoordinatorsNodeDies()
    {
        // Akka's next home of the coordinator is the oldest node that is left: the one with other facts.
        await using var cluster = new TestCluster();
        var a = cluster.Start("a");
        await a.Until(status => status.State is NodeState.Ready);
        var other = cluster.Start("other", facts: a.Ranks.Facts with { Tensors = "others" });
        await other.Until(status => status.Message.Contains("differs from the group"));
        var b = cluster.Start("b");
        await cluster.ServedBy(a, b);
        var c = cluster.Start("c");
        await c.Until(status => status is { State: NodeState.Ready, Ranks.IsEmpty: true });
        var request = TestCluster.Request(20, 60);
        Array.ForEach([a, b, c], node => node.Ranks.Gate = new SemaphoreSlim(20));

        // What the client asks for is never measured by the other's facts.
        await TestCluster.Read(cluster.Client().Submit(request), request, given =>
        {
            if (given != 10)
                return;
            _ = a.Kill();
            Array.ForEach([b, c], node => node.Ranks.Gate!.Release(1000));
        });
        await cluster.ServedBy(c, b);
        Assert.Contains((await b.Node.StatusAsync(TestCluster.Patience))!.Coordinator, new[] { b.Node.Control, c.Node.Control });
        Assert.Contains(other.Said, status => status.Message.Contains("another node is to be the coordinator"));
    }

    [Fact]
    public async Task ClientOfAnotherModel_IsRefusedWithBothSidesNamed()
    {
        await using var cluster = new TestCluster();
        var (a, b) = (cluster.Start("a"), cluster.Start("b"));
        await cluster.ServedBy(a, b);
        var client = cluster.Client(new ModelFacts([new ModelFact("config.json", "c2"), new ModelFact("tokenizer.json", "t1")]));
        var replies = new List<GenerationProtocol.IReply>();
        await foreach (var reply in client.Submit(TestCluster.Request(20, 10)))
            replies.Add(reply);

        var failed = Assert.IsType<GenerationProtocol.Failed>(Assert.Single(replies));
        Assert.Equal("the client differs from the cluster: config.json: the cluster has c1, the client c2", failed.Message);
        Assert.Empty(a.Ranks.Plans);
    }

    [Fact]
    public async Task ClusterThatComesBackWithAnotherModel_RefusesTheRequestsThatItFinds()
    {
        await using var cluster = new TestCluster(worldSize: 1);
        var port = FreePorts.Take(IPAddress.Loopback);
        var a = cluster.Start("a", port: port, seeds: []);
        a.Ranks.Gate = new SemaphoreSlim(5);
        await a.Until(status => status.State is NodeState.Serving);
        var request = TestCluster.Request(20, 60);
        var (replies, killed) = (new List<GenerationProtocol.IReply>(), false);
        await foreach (var reply in cluster.Client().Submit(request))
        {
            replies.Add(reply);
            if (killed || reply is not GenerationProtocol.TokenGenerated)
                continue;
            killed = true;
            await a.Kill();
            cluster.Start(
                "a", port: port, seeds: [], facts: a.Ranks.Facts with { Model = new ModelFacts([new ModelFact("config.json", "c2")]) });
        }

        var failed = Assert.IsType<GenerationProtocol.Failed>(Assert.Single(replies, reply => reply.IsTerminal));
        Assert.Equal(
            "the client differs from the cluster: config.json: the cluster has c2, the client c1; "
                + "tokenizer.json: the cluster has none, the client t1",
            failed.Message);
    }
}
