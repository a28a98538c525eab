using System.Collections.Concurrent;
using System.Net;
using AkkaCp.Actors.Protocol;
using AkkaCp.Actors.Tests.Nodes;
using AkkaCp.Scheduling.Requests;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Actors.Tests.Cluster;

/// <summary>Real nodes over loopback: they form, serve, lose one another and come back.</summary>
public class ClusterSpec
{
    [Fact]
    public async Task NodesFormAGroup_AndServeFromEveryNodeAndFromOutside()
    {
        await using var cluster = new TestCluster();
        var (a, b, c) = await cluster.StartWithSpare();

        var client = cluster.Client();
        foreach (var submit in new Func<GenerationProtocol.Submit, IAsyncEnumerable<GenerationProtocol.IReply>>[]
            { r => a.Node.Submit(r), r => b.Node.Submit(r), r => c.Node.Submit(r), r => client.Submit(r) })
        {
            var request = TestCluster.Request(20, 30);
            await TestCluster.Read(submit(request), request);
        }

        var status = await client.StatusAsync(TestCluster.Patience);
        Assert.NotNull(status);
        Assert.Equal((a.Node.Control, CoordinatorPhase.Serving, 2), (status.Coordinator, status.Group.Phase, status.WorldSize));
        Assert.Equal(["a", "b", "c"], status.Nodes.Select(node => node.Offer.Name));
        Assert.Equal([a.Node.Control, b.Node.Control, c.Node.Control], status.Nodes.Select(node => node.Control));
        Assert.Equal(["0", "1", ""], status.Nodes.Select(node => string.Join(",", node.Status.Ranks)));
        Assert.Equal(
            [NodeState.Ready, NodeState.Serving],
            a.States.Where(state => state is not (NodeState.Joining or NodeState.Loading)).Distinct());
    }

    [Fact]
    public async Task NodeThatVanishes_IsReplacedByTheSpareAndTheTextGoesOn()
    {
        await using var cluster = new TestCluster();
        var (a, b, c) = await cluster.StartWithSpare();
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
        var (a, b, c) = await cluster.StartWithSpare();
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

    [Fact]
    public async Task CoordinatorsNodeWhoseProcessIsDead_IsNotWaitedFor()
    {
        await using var cluster = new TestCluster(noticesSilence: false);
        var (a, b, c) = await cluster.StartWithSpare();
        await a.Kill();
        var request = TestCluster.Request(20, 10);
        await TestCluster.Read(c.Node.Submit(request), request);
        await cluster.ServedBy(c, b);
    }

    [Fact]
    public async Task ClientWhoseProcessIsDead_HoldsNoMemory()
    {
        await using var cluster = new TestCluster();
        var (a, b) = (cluster.Start("a"), cluster.Start("b"));
        await cluster.ServedBy(a, b);
        Array.ForEach([a, b], node => node.Ranks.Gate = new SemaphoreSlim(20));
        var (dead, alive) = (cluster.Client(), cluster.Client());

        // It may have all tokens of the pool, so nobody else is admitted beside it.
        await using var greedy = dead.Submit(TestCluster.Request(20, 399_000)).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        while (await greedy.MoveNextAsync() && greedy.Current is not GenerationProtocol.TokenGenerated)
        {
            // Progress comes first.
        }

        var request = TestCluster.Request(30, 10);
        var running = TestCluster.Read(alive.Submit(request), request);
        await dead.System.Terminate();
        Array.ForEach([a, b], node => node.Ranks.Gate!.Release(1000));
        await running;
    }

    [Fact]
    public async Task PromptOfManyFrames_IsAnswered()
    {
        await using var cluster = new TestCluster();
        var (a, b) = (cluster.Start("a"), cluster.Start("b"));
        await cluster.ServedBy(a, b);
        var request = TestCluster.Request(300_000, 5);
        await TestCluster.Read(cluster.Client().Submit(request), request);
    }

    [Fact]
    public async Task AllLogits_ReachTheClientOnceEach()
    {
        await using var cluster = new TestCluster();
        var (a, b) = (cluster.Start("a"), cluster.Start("b"));
        await cluster.ServedBy(a, b);
        var request = TestCluster.Request(100, 3) with { AllLogits = true };
        var rows = new List<int>();
        var replies = await TestCluster.Read(
            cluster.Client().Submit(request, (position, logits) =>
            {
                Assert.Equal(ScriptedRanks.LogitsWidth, logits.Length);
                Assert.Equal((position, position), (logits[0], logits[^1]));
                rows.Add(position);
            }),
            request);
        Assert.IsType<GenerationProtocol.Completed>(replies[^1]);
        Assert.Equal(Enumerable.Range(0, 102), rows.Order());
    }

    [Fact]
    public async Task NodeThatLeaves_HandsItsRanksToTheSpareAndComesBackAsOne()
    {
        await using var cluster = new TestCluster();
        var (a, b, c) = await cluster.StartWithSpare();
        var request = TestCluster.Request(20, 60);
        Array.ForEach([a, b, c], node => node.Ranks.Gate = new SemaphoreSlim(20));
        var running = TestCluster.Read(b.Node.Submit(request), request, given =>
        {
            if (given != 10)
                return;
            _ = a.Node.StopAsync(TimeSpan.FromSeconds(5));
            Array.ForEach([a, b, c], node => node.Ranks.Gate!.Release(1000));
        });
        await running;
        await a.Node.Completion.WaitAsync(TestCluster.Patience);
        Assert.Equal([NodeState.Draining, NodeState.Stopped], a.States.TakeLast(2));
        Assert.Equal(0, a.Ranks.Alive);
        await cluster.ServedBy(c, b);

        var again = cluster.Start("a2");
        await again.Until(status => status is { State: NodeState.Ready, Ranks.IsEmpty: true });
        var next = TestCluster.Request(30, 10);
        await TestCluster.Read(again.Node.Submit(next), next);
    }

    [Fact]
    public async Task NodesThatLeaveTogether_WaitForNobody()
    {
        var log = new ConcurrentQueue<string>();
        await using var cluster = new TestCluster(heard: log.Enqueue);
        var (a, b, c) = await cluster.StartWithSpare();
        await Task.WhenAll(new[] { a, b, c }.Select(node => node.Node.StopAsync(TimeSpan.FromSeconds(5)))).WaitAsync(TestCluster.Patience);
        Assert.All([a, b, c], node => Assert.Equal(0, node.Ranks.Alive));

        // What is said when one has waited for its whole time.
        Assert.DoesNotContain(log, line => line.Contains("without a farewell"));
    }

    [Fact]
    public async Task NodeWhoseOwnSeedIsSpeltInAnotherWay_IsThatSeed()
    {
        await using var cluster = new TestCluster(worldSize: 1);
        var port = FreePorts.Take(IPAddress.Loopback);
        var node = cluster.Start("a", port: port, seeds: [$"localhost:{port}"]);
        await cluster.ServedBy(node);
    }

    [Fact]
    public async Task NodeThatWaitsForItsSeeds_SaysWhomItAsked()
    {
        await using var cluster = new TestCluster(worldSize: 1);
        var port = FreePorts.Take(IPAddress.Loopback);
        var node = cluster.Start("b", seeds: [$"127.0.0.1:{port}"]);
        await node.Until(status => status is { State: NodeState.Joining }
            && status.Message == $"no coordinator answers: asked 127.0.0.1:{port} (refused, nobody listens there) of cluster akka-cp");
        var seed = cluster.Start("a", port: port, seeds: [$"127.0.0.1:{port}"]);
        await node.Until(status => status is { State: NodeState.Ready or NodeState.Serving, Message: "" });
    }

    [Fact]
    public async Task NodeThatWasShutOut_JoinsAgainAndItsOwnRequestsGoOn()
    {
        await using var cluster = new TestCluster();
        var (a, b, c) = await cluster.StartWithSpare();
        var before = b.Node.System;
        var request = TestCluster.Request(20, 60);
        Array.ForEach([a, b, c], node => node.Ranks.Gate = new SemaphoreSlim(20));
        var running = TestCluster.Read(b.Node.Submit(request), request, given =>
        {
            if (given != 10)
                return;
            var cut = Akka.Cluster.Cluster.Get(a.Node.System);
            cut.Down(Akka.Cluster.Cluster.Get(b.Node.System).SelfAddress);
            Array.ForEach([a, b, c], node => node.Ranks.Gate!.Release(1000));
        });
        await running;
        await b.Until(status => status.State is NodeState.Ready or NodeState.Serving && b.Node.System != before);
        Assert.Single(b.Ranks.Loads);
    }

    [Fact]
    public async Task ClusterThatFormedAlone_JoinsTheLargerOneThatItSees()
    {
        // The lonely node is its own first seed and finds the others only after it has formed a cluster.
        await using var cluster = new TestCluster();
        var lonelyPort = FreePorts.Take(IPAddress.Loopback);
        var port = FreePorts.Take(IPAddress.Loopback);
        var lonely = cluster.Start("lonely", port: lonelyPort, seeds: [$"127.0.0.1:{lonelyPort}", $"127.0.0.1:{port}"]);
        await lonely.Until(status => status.State is NodeState.Ready);
        var a = cluster.Start("a", port: port, seeds: []);
        var b = cluster.Start("b", seeds: [a.Node.Control]);
        await cluster.ServedBy(a, b);

        await lonely.Until(status => status.State is NodeState.Joining && status.Message.Contains("another cluster"));
        await lonely.Until(status => status.State is NodeState.Ready);
        var found = await lonely.Node.StatusAsync(TestCluster.Patience);
        Assert.Equal((a.Node.Control, 3), (found!.Coordinator, found.Nodes.Length));
        Assert.Equal(NodeState.Serving, a.Node.Status.State);
    }

    [Fact]
    public async Task SecondNodeOfAName_IsRefused()
    {
        await using var cluster = new TestCluster();
        var (a, b) = (cluster.Start("a"), cluster.Start("b"));
        await cluster.ServedBy(a, b);
        var twin = cluster.Start("b");
        await twin.Until(status => status.Message.Length > 0);
        Assert.Equal($"another node is named b, at {b.Node.Control}", twin.Node.Status.Message);
        Assert.Equal(NodeState.Serving, b.Node.Status.State);
    }

    [Fact]
    public async Task EveryNode_MeasuresItsWayToEveryOther()
    {
        await using var cluster = new TestCluster();
        var (a, b) = (cluster.Start("a"), cluster.Start("b"));
        await cluster.ServedBy(a, b);
        var client = cluster.Client();
        var status = await client.StatusAsync(TestCluster.Patience);
        var reach = await client.ReachAsync(status!.Nodes, TestCluster.Patience);
        Assert.Equal([("a", "b"), ("b", "a")], reach.Select(way => (way.From, way.To)));
        Assert.All(reach, way => Assert.True(way.Control > TimeSpan.Zero && way.Data.Error is null));
        var seeds = await client.SeedsAsync(TestCluster.Patience);
        Assert.Equal([a.Node.Control, b.Node.Control], seeds.Select(seed => seed.Address));
        Assert.All(seeds, seed => Assert.Equal((a.Node.Control, NodeState.Serving), (seed.Coordinator, seed.Status!.State)));
    }

    [Fact]
    public async Task UnregisteredMessage_DoesNotArrive()
    {
        await using var cluster = new TestCluster();
        var (a, b) = (cluster.Start("a"), cluster.Start("b"));
        await cluster.ServedBy(a, b);
        var node = a.Node.System.ActorSelection($"akka.tcp://akka-cp@{b.Node.Control}/user/node");
        node.Tell(new Unregistered());
        node.Tell(new object());
        var request = TestCluster.Request(30, 10);
        await TestCluster.Read(a.Node.Submit(request), request);
        Assert.Equal(1, (await a.Node.StatusAsync(TestCluster.Patience))!.Group.Epoch);
    }

    private sealed record Unregistered;
}
