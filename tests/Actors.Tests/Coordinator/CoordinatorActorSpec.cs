using Akka.Actor;
using Akka.TestKit.Xunit;
using AkkaCp.Actors.Coordinator;
using AkkaCp.Actors.Edge;
using AkkaCp.Actors.Protocol;
using AkkaCp.Actors.Settings;
using AkkaCp.Actors.Tests.Ranks;
using AkkaCp.Model.Sampling;
using AkkaCp.Pipeline.Partition;
using Xunit;

namespace AkkaCp.Actors.Tests.Coordinator;

/// <summary>The coordinator among edges and ranks: what happens when one of them dies.</summary>
public class CoordinatorActorSpec() : TestKit(CpSystem.AkkaConfig(new CpSettings { Akka = "actor.serialize-messages = on" }))
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task CoordinatorThatFails_FailsItsRequestsOnceAndServesAgain()
    {
        var ranks = new ScriptedRanks { Gate = new SemaphoreSlim(0) };
        var coordinator = Sys.ActorOf(CoordinatorActor.Props(Context(ranks)));
        var request = Request(10);
        coordinator.Tell(request, TestActor);
        await ExpectMsgAsync<GenerationProtocol.Progress>(s_patience);
        await ranks.Reached(1, 1).WaitAsync(s_patience);

        // No message makes it throw, so the restart that a bug would cause comes from outside.
        ((IInternalActorRef)coordinator).Restart(new InvalidOperationException("a bug"));
        var failed = await ExpectMsgAsync<GenerationProtocol.Failed>(s_patience);
        Assert.Equal((request.RequestId, FailureKind.Fault), (failed.RequestId, failed.Error));
        Assert.Contains("the coordinator has stopped", failed.Message);

        ranks.Gate.Release(1000);
        var next = Request(12);
        coordinator.Tell(next, TestActor);
        Assert.Equal(CompletionReason.Length, (await TerminalAsync(next.RequestId) as GenerationProtocol.Completed)?.Reason);
        Assert.True(ranks.Plans.Last().Epoch > 1);
        Assert.Equal([1L, 2L], ranks.Plans.SelectMany(plan => plan.Requests).Select(share => share.Request).Distinct().Order());
        Assert.Equal(2, ranks.Alive);
    }

    [Fact]
    public async Task EdgeThatDies_CancelsItsRequest()
    {
        var ranks = new ScriptedRanks { Gate = new SemaphoreSlim(0) };
        var context = Context(ranks);
        var coordinator = Sys.ActorOf(CoordinatorActor.Props(context));
        var edge = CreateTestProbe();
        coordinator.Tell(Request(10) with { MaxNewTokens = 1000 }, edge.Ref);
        await ranks.Reached(1, 1).WaitAsync(s_patience);
        End(edge.Ref);
        await AwaitConditionAsync(() => Task.FromResult(context.Status is { Running: 0, StepsInFlight: 1 }), s_patience);

        ranks.Gate.Release(1000);
        await AwaitConditionAsync(() => Task.FromResult(context.Status is { StepsDone: 2, FreeKvBlocks: 100 }), s_patience);
        Assert.Equal([1, 0], ranks.Plans.Select(plan => plan.Requests.Length));
    }

    [Fact]
    public async Task CoordinatorThatIsGone_EndsTheEdgesStream()
    {
        var coordinator = CreateTestProbe();
        var replies = new ReplyBuffer(5);
        var edge = Sys.ActorOf(EdgeActor.Props(coordinator.Ref, Request(10), replies));
        await coordinator.ExpectMsgAsync<GenerationProtocol.Submit>(s_patience);
        Watch(edge);
        End(coordinator.Ref);
        await ExpectTerminatedAsync(edge, s_patience);

        var all = new List<GenerationProtocol.IReply>();
        await foreach (var reply in replies.ReadAllAsync())
            all.Add(reply);
        Assert.Contains("the coordinator is gone", Assert.IsType<GenerationProtocol.Failed>(Assert.Single(all)).Message);
    }

    [Fact]
    public async Task EdgeTakesNothingBehindTheTerminalReply()
    {
        var coordinator = CreateTestProbe();
        var replies = new ReplyBuffer(5);
        var request = Request(10);
        var edge = Sys.ActorOf(EdgeActor.Props(coordinator.Ref, request, replies));
        Watch(edge);
        await coordinator.ExpectMsgAsync<GenerationProtocol.Submit>(s_patience);
        edge.Tell(new GenerationProtocol.Failed(Guid.NewGuid(), FailureKind.Fault, "of another request"));
        edge.Tell(new GenerationProtocol.Completed(request.RequestId, CompletionReason.Stop, PrefillLayout.None));
        edge.Tell(new GenerationProtocol.Failed(request.RequestId, FailureKind.Fault, "too late"));
        await ExpectTerminatedAsync(edge, s_patience);

        var all = new List<GenerationProtocol.IReply>();
        await foreach (var reply in replies.ReadAllAsync())
            all.Add(reply);
        Assert.IsType<GenerationProtocol.Completed>(Assert.Single(all));
    }

    [Fact]
    public async Task RequestIdInUse_IsRefusedAndTheFirstGoesOn()
    {
        var ranks = new ScriptedRanks { Gate = new SemaphoreSlim(0) };
        var coordinator = Sys.ActorOf(CoordinatorActor.Props(Context(ranks)));
        var request = Request(10);
        coordinator.Tell(request, TestActor);
        await ExpectMsgAsync<GenerationProtocol.Progress>(s_patience);
        var second = CreateTestProbe();
        coordinator.Tell(request, second.Ref);
        Assert.Equal(FailureKind.Invalid, (await second.ExpectMsgAsync<GenerationProtocol.Failed>(s_patience)).Error);
        ranks.Gate.Release(1000);
        Assert.IsType<GenerationProtocol.Completed>(await TerminalAsync(request.RequestId));
    }

    [Fact]
    public async Task RankActorThatDies_IsReplacedAndServingGoesOn()
    {
        var ranks = new ScriptedRanks { Gate = new SemaphoreSlim(0) };
        var coordinator = Sys.ActorOf(CoordinatorActor.Props(Context(ranks)), "coordinator");
        var request = Request(10);
        coordinator.Tell(request, TestActor);
        await ranks.Reached(1, 1).WaitAsync(s_patience);
        End(((ExtendedActorSystem)Sys).Provider.ResolveActorRef($"{coordinator.Path}/rank-1"));
        var failed = Assert.IsType<GenerationProtocol.Failed>(await TerminalAsync(request.RequestId));
        Assert.Contains("its actor ended", failed.Message);

        ranks.Gate.Release(1000);
        var next = Request(12);
        coordinator.Tell(next, TestActor);
        Assert.IsType<GenerationProtocol.Completed>(await TerminalAsync(next.RequestId));
        Assert.Equal(2, ranks.Alive);
    }

    private async Task<GenerationProtocol.IReply> TerminalAsync(Guid requestId)
    {
        while (true)
        {
            var reply = await ExpectMsgAsync<GenerationProtocol.IReply>(s_patience);
            if (reply.RequestId == requestId && reply.IsTerminal)
                return reply;
        }
    }

    /// <remarks>Akka's messages that end an actor are not in our closed set; the system's own signal is not serialized.</remarks>
    private static void End(IActorRef actor) => ((IInternalActorRef)actor).Stop();

    private static CoordinatorContext Context(ScriptedRanks ranks) => new(
        new CoordinatorLimits(2, 2, FakeModel.VocabSize, 2000, 101, 16, new SchedulerSettings(), new CpPolicySettings()), ranks.Create);

    private static GenerationProtocol.Submit Request(int promptLength) => new(
        Guid.NewGuid(), [.. FakeModel.Prompt(promptLength)], promptLength, 5, SamplingOptions.Greedy, []);
}
