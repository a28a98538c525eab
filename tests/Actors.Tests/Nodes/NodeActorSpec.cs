using Akka.Actor;
using Akka.TestKit;
using Akka.TestKit.Xunit;
using AkkaCp.Actors.Cluster;
using AkkaCp.Actors.Nodes;
using AkkaCp.Actors.Protocol;
using AkkaCp.Settings;
using Xunit;

namespace AkkaCp.Actors.Tests.Nodes;

public class NodeActorSpec() : TestKit(AkkaConfig.Of(new EngineSettings()))
{
    private const long Epoch = 4;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    /// <summary>On the sides of a cut two coordinators may choose the same number, and their messages may meet when it is mended.</summary>
    [Fact]
    public async Task SecondCoordinatorOfTheSameEpoch_DoesNotGetTheRanksOfTheFirst()
    {
        var ranks = new ScriptedRanks();
        var other = CreateTestProbe();
        var node = Sys.ActorOf(NodeActor.Props(new NodeContext(ranks), TestActor, TestActor), "node");
        foreach (var coordinator in new[] { TestActor, other.Ref })
            node.Tell(new RankProtocol.Close(Epoch, RankProtocol.CloseTimeout), coordinator);
        await HearAsync<NodeProtocol.Closed>(this);
        await HearAsync<NodeProtocol.Closed>(other);

        node.Tell(new RankProtocol.Open(Table(ranks)), TestActor);
        await HearAsync<RankProtocol.Opened>(this);
        await HearAsync<RankProtocol.Opened>(this);
        node.Tell(new RankProtocol.Open(Table(ranks)), other.Ref);
        Assert.Contains("another coordinator", (await HearAsync<RankProtocol.OpenFailed>(other)).Message);
        Assert.Contains("another coordinator", (await HearAsync<RankProtocol.OpenFailed>(other)).Message);

        // What the ranks say is the first one's still, though the other asks to close the epoch once more.
        node.Tell(new RankProtocol.Close(Epoch, RankProtocol.CloseTimeout), other.Ref);
        Sys.Stop(((ExtendedActorSystem)Sys).Provider.ResolveActorRef($"{node.Path}/rank-1"));
        Assert.Equal((Epoch, 1), await HearAsync<RankProtocol.RankLost>(this) is var lost ? (lost.Epoch, lost.Rank) : default);
    }

    private static EpochTable Table(ScriptedRanks ranks) => new(
        Epoch, Guid.NewGuid(), [.. Enumerable.Range(0, ranks.WorldSize).Select(rank => new RankPlace(rank, ranks.Offer.Name, ""))]);

    private static async Task<T> HearAsync<T>(TestKitBase ear) =>
        (T)await ear.FishForMessageAsync(message => message is T, s_patience);
}
