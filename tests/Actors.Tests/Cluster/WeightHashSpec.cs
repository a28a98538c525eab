using AkkaCp.Actors.Protocol;
using AkkaCp.Actors.Tests.Nodes;
using AkkaCp.Model.Weights;
using Xunit;

namespace AkkaCp.Actors.Tests.Cluster;

/// <summary>Nodes with other weights: refused before their ranks serve, whoever is left to tell.</summary>
public class WeightHashSpec
{
    [Fact]
    public async Task SpareWithADamagedCopy_IsRefusedOnBothSides_AndTheOthersServeOn()
    {
        await using var cluster = new TestCluster();
        var (a, b) = (Start(cluster, "a"), Start(cluster, "b"));
        await cluster.ServedBy(a, b);
        var spare = Start(cluster, "c", damaged: 0);
        await spare.Until(status => status is { State: NodeState.Joining, Message.Length: > 0 });

        var expected = $"its weights differ from the group's: rank 0, piece 1: expected {101:x32}, which node a told first, found {1:x32}";
        Assert.Equal(expected, spare.Node.Status.Message);
        var request = TestCluster.Request(20, 10);
        await TestCluster.Read(cluster.Client().Submit(request), request);
        var status = await cluster.Client().StatusAsync(TestCluster.Patience);
        Assert.Equal(["", "", expected], status!.Nodes.Select(node => node.Refusal));
        Assert.Equal(1, status.Group.Epoch);
    }

    [Fact]
    public async Task NodeOfAGroup_DoesNotServeWithAnotherCopyOfWhatItShares()
    {
        await using var cluster = new TestCluster();
        var a = Start(cluster, "a");
        await a.Until(status => status.State is NodeState.Ready);
        var b = Start(cluster, "b", shared: 6);
        await b.Until(status => status.Message.Length > 0);
        Assert.Contains($"in common: expected {5:x32}, which node a told first, found {6:x32}", b.Node.Status.Message);
        Assert.DoesNotContain(NodeState.Serving, a.States);

        var c = Start(cluster, "c");
        await cluster.ServedBy(a, c);
        Assert.DoesNotContain(NodeState.Serving, b.States);
    }

    [Fact]
    public async Task HashesOfANodeThatIsGone_AreRememberedByTheOthers()
    {
        // The coordinator, and the only one that ever held rank 0, dies. Its rank's next holder has a damaged copy.
        await using var cluster = new TestCluster();
        var (a, b) = (Start(cluster, "a"), Start(cluster, "b"));
        await cluster.ServedBy(a, b);
        await a.Kill();
        var damaged = Start(cluster, "c", damaged: 0);
        await damaged.Until(status => status.Message.Contains("weights differ"));
        Assert.Contains($"rank 0, piece 1: expected {101:x32}, which a node told first, found {1:x32}", damaged.Node.Status.Message);

        var sound = Start(cluster, "d");
        await cluster.ServedBy(sound, b);
        var request = TestCluster.Request(20, 10);
        await TestCluster.Read(sound.Node.Submit(request), request);
        Assert.DoesNotContain(NodeState.Serving, damaged.States);
    }

    [Fact]
    public async Task RefusedNode_DoesNotSetTheMeasureWhenTheCoordinatorMovesToIt()
    {
        // Akka's next home of the coordinator is the oldest node that is left: the damaged one.
        await using var cluster = new TestCluster();
        var a = Start(cluster, "a");
        await a.Until(status => status.State is NodeState.Ready);
        var damaged = Start(cluster, "b", shared: 6);
        await damaged.Until(status => status.Message.Contains("weights differ"));
        var c = Start(cluster, "c");
        await cluster.ServedBy(a, c);
        await a.Kill();

        var d = Start(cluster, "d");
        await cluster.ServedBy(d, c);
        Assert.Equal(damaged.Node.Control, (await d.Node.StatusAsync(TestCluster.Patience))!.Coordinator);
        await damaged.Until(status => status.Message.Contains($"in common: expected {5:x32}"));
        Assert.DoesNotContain(NodeState.Serving, damaged.States);
    }

    [Fact]
    public async Task TablesOfManyFrames_AreComparedAndCarriedOn()
    {
        const int pieces = 20_000;
        await using var cluster = new TestCluster();
        var (a, b) = (Start(cluster, "a", pieces: pieces), Start(cluster, "b", pieces: pieces));
        await cluster.ServedBy(a, b);
        await b.Kill();
        var damaged = Start(cluster, "c", damaged: 1, pieces: pieces);
        await damaged.Until(status => status.Message.Contains("weights differ"));
        Assert.Contains($"rank 1, piece {pieces / 2}:", damaged.Node.Status.Message);
        await a.Kill();

        var d = Start(cluster, "d", pieces: pieces);
        await d.Until(status => status.State is NodeState.Ready);
        await damaged.Until(status =>
            status.Message.Contains($"rank 1, piece {pieces / 2}: expected {200 + (pieces / 2):x32}, which a node told first"));
    }

    /// <param name="cluster">Where it joins.</param>
    /// <param name="name">Its name.</param>
    /// <param name="damaged">The rank in whose weights one piece differs; -1 for none.</param>
    /// <param name="shared">The hash of what all ranks have in common.</param>
    /// <param name="pieces">Pieces of a rank.</param>
    private static TestNode Start(TestCluster cluster, string name, int damaged = -1, int shared = 5, int pieces = 3) => cluster.Start(
        name, new ScriptedRanks(kvBlocks: TestCluster.KvBlocks)
        {
            Offer = new NodeOffer(name, $"{name}:1", 1, 1L << 30, "fake", TestCluster.KvBlocks),
            HashesOf = rank => Enumerable.Range(0, pieces)
                .Select(i => new WeightHash(
                    $"rank {rank}, piece {i}", rank == damaged && i == pieces / 2 ? 1 : (UInt128)((100 * (rank + 1)) + i)))
                .Append(new WeightHash("in common", (UInt128)shared)),
        });
}
