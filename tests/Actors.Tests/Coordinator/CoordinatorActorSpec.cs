using Akka.Actor;
using Akka.TestKit.Xunit;
using AkkaCp.Actors.Cluster;
using AkkaCp.Actors.Coordinator;
using AkkaCp.Actors.Edge;
using AkkaCp.Actors.Nodes;
using AkkaCp.Actors.Protocol;
using AkkaCp.Actors.Tests.Nodes;
using AkkaCp.Model;
using AkkaCp.Model.Sampling;
using AkkaCp.Pipeline.Partition;
using AkkaCp.Scheduling;
using AkkaCp.Scheduling.Requests;
using AkkaCp.Scheduling.Tests;
using AkkaCp.Settings;
using Xunit;

namespace AkkaCp.Actors.Tests.Coordinator;

/// <summary>The coordinator among edges and nodes: what happens when one of them dies.</summary>
public class CoordinatorActorSpec() : TestKit(AkkaConfig.Of(new EngineSettings { Akka = "actor.serialize-messages = on" }))
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);
    private static readonly ClientFacts s_client = new ScriptedRanks().Facts.ToClient();

    [Fact]
    public async Task CoordinatorThatFails_SendsItsEdgesAwayAndServesAgain()
    {
        var ranks = new ScriptedRanks { Gate = new SemaphoreSlim(0) };
        var (coordinator, _) = Start(ranks);
        var request = Request(10);
        coordinator.Tell(HandIn(request), TestActor);
        await ExpectMsgAsync<GenerationProtocol.Progress>(s_patience);
        await ranks.Reached(1, 1).WaitAsync(s_patience);

        // No message makes it throw, so the restart that a bug would cause comes from outside.
        ((IInternalActorRef)coordinator).Restart(new InvalidOperationException("a bug"));
        Assert.Equal(request.RequestId, (await ExpectMsgAsync<EdgeProtocol.Unknown>(s_patience)).RequestId);

        ranks.Gate.Release(1000);
        coordinator.Tell(HandIn(request), TestActor);
        Assert.Equal(CompletionReason.Length, (await TerminalAsync(request.RequestId) as GenerationProtocol.Completed)?.Reason);
        Assert.True(ranks.Plans.Last().Epoch > 1);
        Assert.Equal([1L, 2L], ranks.Plans.SelectMany(plan => plan.Requests).Select(share => share.SequenceId).Distinct().Order());
        Assert.Equal(2, ranks.Alive);
    }

    [Fact]
    public async Task EdgeThatFallsSilent_LosesItsRequestAfterTheLease()
    {
        var ranks = new ScriptedRanks { Gate = new SemaphoreSlim(0) };
        var context = Context(ranks, new CoordinatorRules { Lease = 1 });
        var (coordinator, _) = Start(ranks, context);
        coordinator.Tell(HandIn(Request(10) with { MaxNewTokens = 1000 }), CreateTestProbe().Ref);
        await ranks.Reached(1, 1).WaitAsync(s_patience);
        await AwaitConditionAsync(() => Task.FromResult(context.Status is { Running: 0, StepsInFlight: 1 }), s_patience);

        ranks.Gate.Release(1000);
        await AwaitConditionAsync(() => Task.FromResult(context.Status is { StepsDone: 2, FreeKvBlocks: 100 }), s_patience);
        Assert.Equal([1, 0], ranks.Plans.Select(plan => plan.Requests.Length));
    }

    [Fact]
    public async Task EdgeThatMissedReplies_GetsThemWhenItPolls()
    {
        var ranks = new ScriptedRanks();
        var (coordinator, _) = Start(ranks);
        var request = Request(10);
        coordinator.Tell(HandIn(request), TestActor);
        await TerminalAsync(request.RequestId);

        coordinator.Tell(new EdgeProtocol.Poll(request.RequestId, 12), TestActor);
        foreach (var position in Enumerable.Range(12, 3))
            Assert.Equal(position, (await ExpectMsgAsync<GenerationProtocol.TokenGenerated>(s_patience)).Position);
        Assert.Equal(15, (await ExpectMsgAsync<EdgeProtocol.Ended>(s_patience)).Length);

        coordinator.Tell(new EdgeProtocol.Done(request.RequestId), TestActor);
        coordinator.Tell(new EdgeProtocol.Poll(request.RequestId, 15), TestActor);
        await ExpectMsgAsync<EdgeProtocol.Unknown>(s_patience);
    }

    [Fact]
    public async Task EdgeThatDies_IsResumedWhereItWas()
    {
        // Two steps of two ranks: tokens 10 and 11.
        var ranks = new ScriptedRanks { Gate = new SemaphoreSlim(4) };
        var (_, node) = Start(ranks);
        var open = new OpenRequest(Request(10), null, _ => { }, s_client);
        var edge = Watch(Sys.ActorOf(EdgeActor.Props(node, open, new EdgeRules())));
        var replies = new List<GenerationProtocol.IReply>();
        using var patience = new CancellationTokenSource(s_patience);
        await foreach (var reply in open.Replies.ReadAllAsync().WithCancellation(patience.Token))
        {
            replies.Add(reply);
            if (reply is not GenerationProtocol.TokenGenerated { Position: 11 })
                continue;
            // One actor works for a request at a time, as in a node, whose old actor system has ended when the next one begins.
            End(edge);
            await ExpectTerminatedAsync(edge, s_patience);
            Sys.ActorOf(EdgeActor.Props(node, open, new EdgeRules()));
            ranks.Gate.Release(1000);
        }

        var tokens = replies.OfType<GenerationProtocol.TokenGenerated>().ToList();
        Assert.Equal(Enumerable.Range(10, 5), tokens.Select(token => token.Position));
        Assert.IsType<GenerationProtocol.Completed>(Assert.Single(replies, reply => reply.IsTerminal));
    }

    [Fact]
    public async Task EdgeTakesNothingBehindTheTerminalReply()
    {
        var coordinator = CreateTestProbe();
        var request = Request(10);
        var open = new OpenRequest(request, null, _ => { }, s_client);
        var edge = Sys.ActorOf(EdgeActor.Props(Locator(coordinator.Ref), open, new EdgeRules()));
        Watch(edge);
        await coordinator.ExpectMsgAsync<EdgeProtocol.HandIn>(s_patience);
        edge.Tell(
            Ended(Guid.NewGuid(), new GenerationProtocol.Failed(Guid.NewGuid(), FailureKind.Fault, "of another request")), coordinator);
        edge.Tell(Ended(request.RequestId,
            new GenerationProtocol.Failed(request.RequestId, FailureKind.Fault, "of another coordinator")), TestActor);
        edge.Tell(Ended(request.RequestId,
            new GenerationProtocol.Completed(request.RequestId, CompletionReason.Stop, PrefillPlacement.None)), coordinator);
        edge.Tell(Ended(request.RequestId, new GenerationProtocol.Failed(request.RequestId, FailureKind.Fault, "too late")), coordinator);
        await coordinator.ExpectMsgAsync<EdgeProtocol.Done>(s_patience);
        await ExpectTerminatedAsync(edge, s_patience);
        Assert.IsType<GenerationProtocol.Completed>(Assert.Single(await All(open.Replies)));
    }

    [Fact]
    public async Task RequestIdInUse_IsRefusedAndTheFirstGoesOn()
    {
        var ranks = new ScriptedRanks { Gate = new SemaphoreSlim(0) };
        var (coordinator, _) = Start(ranks);
        var request = Request(10);
        coordinator.Tell(HandIn(request), TestActor);
        await ExpectMsgAsync<GenerationProtocol.Progress>(s_patience);
        var second = CreateTestProbe();
        coordinator.Tell(HandIn(request), second.Ref);
        var refusal = await second.ExpectMsgAsync<EdgeProtocol.Ended>(s_patience);
        Assert.Equal(FailureKind.Invalid, Assert.IsType<GenerationProtocol.Failed>(refusal.Reply).Error);
        coordinator.Tell(HandIn(request), TestActor);
        await ExpectMsgAsync<EdgeProtocol.Waiting>(s_patience);
        ranks.Gate.Release(1000);
        Assert.IsType<GenerationProtocol.Completed>(await TerminalAsync(request.RequestId));
    }

    [Fact]
    public async Task EdgeThatAsks_IsToldWhatKeepsTheGroupFromRunning()
    {
        var ranks = new ScriptedRanks { Gate = new SemaphoreSlim(0) };
        var coordinator = Sys.ActorOf(CoordinatorActor.Props(Context(ranks)));
        var request = Request(10);
        coordinator.Tell(HandIn(request), TestActor);
        coordinator.Tell(new EdgeProtocol.Poll(request.RequestId, 10), TestActor);
        await FishForMessageAsync(message => message is EdgeProtocol.Waiting { Missing: "2 of 2 ranks have no node" }, s_patience);

        Sys.ActorOf(NodeActor.Props(new NodeContext(ranks), coordinator, coordinator));
        await ranks.Reached(1, 1).WaitAsync(s_patience);
        coordinator.Tell(new EdgeProtocol.Poll(request.RequestId, 10), TestActor);
        await FishForMessageAsync(message => message is EdgeProtocol.Waiting { Missing: "" }, s_patience);
    }

    [Fact]
    public async Task ClientOfAnotherModelOrVersion_IsRefusedBeforeAnythingIsComputed()
    {
        var ranks = new ScriptedRanks();
        var (coordinator, _) = Start(ranks);
        var facts = ranks.Facts.ToClient();
        foreach (var (client, expected) in new (ClientFacts?, string)[]
        {
            (facts with { Model = Changed(facts.Model, "tokenizer.json", "t2") }, "tokenizer.json: the cluster has t1, the client t2"),
            (facts with { Model = Changed(facts.Model, "config.json", null) }, "config.json: the cluster has c1, the client none"),
            (facts with { Model = new ModelFacts([.. facts.Model.Files, new ModelFact("chat template", "x")]) },
                "chat template: the cluster has none, the client x"),
            (facts with { Protocol = 9 }, $"protocol: the cluster has version {ProtocolVersion.Current}, the client 9"),
            (null, "config.json: the cluster has c1, the client none; tokenizer.json: the cluster has t1, the client none; "
                + $"protocol: the cluster has version {ProtocolVersion.Current}, the client 0"),
        })
        {
            var request = Request(10);
            coordinator.Tell(new EdgeProtocol.HandIn(request, client), TestActor);
            var failed = Assert.IsType<GenerationProtocol.Failed>(await TerminalAsync(request.RequestId));
            Assert.Equal((FailureKind.Invalid, $"the client differs from the cluster: {expected}"), (failed.Error, failed.Message));
        }

        Assert.Empty(ranks.Plans);
        var served = Request(10);
        coordinator.Tell(HandIn(served), TestActor);
        Assert.IsType<GenerationProtocol.Completed>(await TerminalAsync(served.RequestId));
    }

    [Theory]
    [InlineData("submit/1")]
    [InlineData("submit/9")]
    public async Task RequestOfAnotherVersionsFormat_IsRefusedByName(string manifest)
    {
        var (coordinator, _) = Start(new ScriptedRanks());
        var id = Guid.NewGuid();
        coordinator.Tell(new Foreign(manifest, id), TestActor);
        var failed = Assert.IsType<GenerationProtocol.Failed>(await TerminalAsync(id));
        Assert.Equal(
            (FailureKind.Invalid, $"protocol: expected version {ProtocolVersion.Current}, found another: a message {manifest}"),
            (failed.Error, failed.Message));
    }

    [Fact]
    public async Task NodeOfAnotherVersionsFormat_IsRefusedByName()
    {
        var (coordinator, _) = Start(new ScriptedRanks());
        coordinator.Tell(new Foreign("pulse/1", Guid.NewGuid()), TestActor);
        Assert.Contains("found another: a message pulse/1", (await ExpectMsgAsync<NodeProtocol.Refused>(s_patience)).Reason);
    }

    [Fact]
    public async Task RankActorThatDies_CostsAnEpochAndNoRequest()
    {
        var ranks = new ScriptedRanks { Gate = new SemaphoreSlim(0) };
        var context = Context(ranks);
        var (coordinator, node) = Start(ranks, context);
        var request = Request(10);
        coordinator.Tell(HandIn(request), TestActor);
        await ranks.Reached(1, 1).WaitAsync(s_patience);
        End(((ExtendedActorSystem)Sys).Provider.ResolveActorRef($"{node.Path}/rank-1"));
        await ranks.Reached(2, 1).WaitAsync(s_patience);

        ranks.Gate.Release(1000);
        Assert.IsType<GenerationProtocol.Completed>(await TerminalAsync(request.RequestId));
        Assert.Equal((2L, 2), (context.Status.Epoch, ranks.Alive));
    }

    [Fact]
    public async Task NodeActorThatDies_CostsAnEpochAndNoRequest()
    {
        var ranks = new ScriptedRanks { Gate = new SemaphoreSlim(0) };
        var (coordinator, node) = Start(ranks);
        var request = Request(10);
        coordinator.Tell(HandIn(request), TestActor);
        await ranks.Reached(1, 1).WaitAsync(s_patience);
        ((IInternalActorRef)node).Restart(new InvalidOperationException("a bug"));
        await ranks.Reached(2, 1).WaitAsync(s_patience);

        ranks.Gate.Release(1000);
        Assert.IsType<GenerationProtocol.Completed>(await TerminalAsync(request.RequestId));
        Assert.Equal(2, ranks.Alive);
    }

    private static ModelFacts Changed(ModelFacts facts, string name, string? hash) => new(
        [.. facts.Files.Where(fact => fact.Name != name || hash is not null)
            .Select(fact => fact.Name == name ? fact with { Hash = hash! } : fact)]);

    private static EdgeProtocol.Ended Ended(Guid requestId, GenerationProtocol.IReply reply) => new(requestId, 0, reply);

    private static async Task<IReadOnlyList<GenerationProtocol.IReply>> All(ReplyBuffer replies)
    {
        var all = new List<GenerationProtocol.IReply>();
        await foreach (var reply in replies.ReadAllAsync())
            all.Add(reply);
        return all;
    }

    /// <summary>A node that knows the coordinator and is nothing else.</summary>
    private IActorRef Locator(IActorRef coordinator) => Sys.ActorOf(Props.Create(() => new Pointer(coordinator)));

    private (IActorRef Coordinator, IActorRef Node) Start(ScriptedRanks ranks, CoordinatorContext? context = null)
    {
        var coordinator = Sys.ActorOf(CoordinatorActor.Props(context ?? Context(ranks)), "coordinator");
        return (coordinator, Sys.ActorOf(NodeActor.Props(new NodeContext(ranks), coordinator, coordinator), "node"));
    }

    private async Task<GenerationProtocol.IReply> TerminalAsync(Guid requestId)
    {
        while (true)
        {
            if (await ExpectMsgAsync<object>(s_patience) is EdgeProtocol.Ended ended && ended.RequestId == requestId)
                return ended.Reply;
        }
    }

    /// <remarks>Akka's messages that end an actor are not in our closed set; the system's own signal is not serialized.</remarks>
    private static void End(IActorRef actor) => ((IInternalActorRef)actor).Stop();

    private static CoordinatorContext Context(ScriptedRanks ranks, CoordinatorRules? rules = null) => new(
        new SchedulerLimits(2, 2, FakeModel.VocabSize, 2000, 101, 16, new StepLimits(), new CpPolicySettings()), ranks.Facts,
        rules ?? new CoordinatorRules());

    private static GenerationProtocol.Submit Request(int promptLength) => new(
        Guid.NewGuid(), [.. FakeModel.Prompt(promptLength)], promptLength, 5, SamplingOptions.Greedy, []);

    private static EdgeProtocol.HandIn HandIn(GenerationProtocol.Submit request) => new(request, s_client);

    private sealed class Pointer : ReceiveActor
    {
        public Pointer(IActorRef coordinator) =>
            Receive<NodeProtocol.Locate>(_ => Sender.Tell(new NodeProtocol.Located(coordinator, NodeStatus.New)));
    }
}
