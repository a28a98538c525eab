using Akka.Actor;
using Akka.TestKit;
using AkkaCp.Actors.Nodes;
using AkkaCp.Actors.Protocol;
using AkkaCp.Actors.Tests.Nodes;
using AkkaCp.Model.Sampling;
using AkkaCp.Scheduling.Requests;
using AkkaCp.Scheduling.Tests;
using AkkaCp.Settings;
using Xunit;

namespace AkkaCp.Actors.Tests;

public class InProcessPlaneSpec
{
    private const string VirtualTime = "scheduler.implementation = \"Akka.TestKit.TestScheduler, Akka.TestKit\"";

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Requests_GetTheirTextsSideBySide()
    {
        var ranks = new ScriptedRanks();
        await using var system = Start(ranks, new SchedulerSettings { ChunkTokens = 16 });
        await system.Ready.WaitAsync(s_patience);

        var texts = await Task.WhenAll(Enumerable.Range(0, 20).Select(salt => TextOf(system, Request(10 + (3 * salt), 9, salt))));
        for (var salt = 0; salt < texts.Length; salt++)
            Assert.Equal(FakeModel.Continue(FakeModel.Prompt(10 + (3 * salt), salt), 9), texts[salt]);
        Assert.Equal(
            (CoordinatorPhase.Serving, 1L, 0, 0), (system.Status.Phase, system.Status.Epoch, system.Status.Queued, system.Status.Running));
    }

    [Fact]
    public async Task StageThatFails_FailsTheRequestOnceAndTheNextWorks()
    {
        var ranks = new ScriptedRanks().Let(1, Misbehaviour.Fault, epoch: 1, step: 2);
        await using var system = Start(ranks);

        var replies = await All(system, Request(10, 5));
        var failed = Assert.IsType<GenerationProtocol.Failed>(Assert.Single(replies, reply => reply.IsTerminal));
        Assert.Same(failed, replies[^1]);
        Assert.Equal(FailureKind.Fault, failed.Error);
        Assert.Contains("StageFailed", failed.Message);

        Assert.Equal(FakeModel.Continue(FakeModel.Prompt(12), 5), await TextOf(system, Request(12, 5)));
        Assert.Equal((1L, 2), (system.Status.Epoch, ranks.Alive));
    }

    [Theory]
    [InlineData((int)Misbehaviour.Break)]
    [InlineData((int)Misbehaviour.Refuse)]
    public async Task RankThatIsLost_CostsAnEpochAndNoRequest(int how)
    {
        var ranks = new ScriptedRanks().Let(1, (Misbehaviour)how, epoch: 1, step: 3);
        await using var system = Start(ranks);

        Assert.Equal(FakeModel.Continue(FakeModel.Prompt(10), 5), await TextOf(system, Request(10, 5)));
        Assert.Equal(FakeModel.Continue(FakeModel.Prompt(12), 5), await TextOf(system, Request(12, 5)));
        Assert.Equal((2L, 2), (system.Status.Epoch, ranks.Alive));
    }

    [Fact]
    public async Task RequestUnderWhichRanksBreakAgainAndAgain_Fails()
    {
        var ranks = new ScriptedRanks();
        for (var epoch = 1; epoch <= 10; epoch++)
            ranks.Let(1, Misbehaviour.Break, epoch, step: 1);
        await using var system = Start(ranks, cluster: new ClusterSettings { LostEpochs = 2 });

        var failed = Assert.IsType<GenerationProtocol.Failed>((await All(system, Request(10, 5)).WaitAsync(s_patience))[^1]);
        Assert.Equal(FailureKind.Fault, failed.Error);
        Assert.Contains("RankLost in RankPipeline on rank 1, step 1: a block threw", failed.Message);

        // Rank 0 may take its plan later than rank 1 breaks under the same one.
        await ranks.Reached(2, 1).WaitAsync(s_patience);
        Assert.Equal(2, ranks.Plans.Count);
    }

    [Fact]
    public async Task StuckRank_CostsAnEpochAfterTheStepTimeout()
    {
        var ranks = new ScriptedRanks().Let(1, Misbehaviour.Stick, epoch: 1, step: 3);
        await using var system = Start(ranks, new SchedulerSettings { StepTimeout = TimeSpan.FromSeconds(90) }, VirtualTime);
        var running = TextOf(system, Request(10, 5));
        await ranks.Reached(1, 3).WaitAsync(s_patience);

        // Until a heartbeat has told of the steps before, the rank gets on.
        Time(system).Advance(TimeSpan.FromSeconds(1));
        await Settle(system);
        Time(system).Advance(TimeSpan.FromSeconds(89));
        await Settle(system);
        Assert.Equal(1, system.Status.Epoch);
        Time(system).Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(FakeModel.Continue(FakeModel.Prompt(10), 5), await running);
        Assert.Equal(2, system.Status.Epoch);
    }

    [Fact]
    public async Task StepThatTakesLong_GoesOnWhileItsRankGetsOn()
    {
        var ranks = new ScriptedRanks { Gate = new SemaphoreSlim(0) };
        await using var system = Start(ranks, new SchedulerSettings { StepTimeout = TimeSpan.FromSeconds(90) }, VirtualTime);
        var running = TextOf(system, Request(10, 5));
        await ranks.Reached(1, 1).WaitAsync(s_patience);
        await Settle(system);
        for (var minute = 0; minute < 5; minute++)
        {
            ranks.GetOn();
            Time(system).Advance(TimeSpan.FromSeconds(60));
            Assert.Equal(1, system.Status.Epoch);
            await Settle(system);
        }

        ranks.Gate.Release(1000);
        Assert.Equal(FakeModel.Continue(FakeModel.Prompt(10), 5), await running);
        Assert.Equal(1, system.Status.Epoch);
    }

    [Fact]
    public async Task CancelDuringPrefill_EndsTheStreamAndFreesItsKv()
    {
        var ranks = new ScriptedRanks { Gate = new SemaphoreSlim(0) };
        await using var system = Start(ranks, new SchedulerSettings { ChunkTokens = 16, StepsInFlight = 1 });
        using var cancel = new CancellationTokenSource();
        var running = All(system, Request(100, 50), cancel.Token);
        await ranks.Reached(1, 1).WaitAsync(s_patience);
        await cancel.CancelAsync();

        var replies = await running.WaitAsync(s_patience);
        Assert.Equal(CompletionReason.Cancelled, Assert.IsType<GenerationProtocol.Completed>(replies[^1]).Reason);
        Assert.Single(replies, reply => reply.IsTerminal);
        ranks.Gate.Release(100);
        Assert.Equal(5, (await TextOf(system, Request(12, 5))).Count);
        Assert.Single(ranks.Plans, plan => plan.Released.Contains(1));
        Assert.DoesNotContain(ranks.Plans.Skip(1).SelectMany(plan => plan.Requests), share => share.SequenceId == 1);
    }

    [Fact]
    public async Task LeavingTheStreamDuringDecode_CancelsTheRequest()
    {
        // The gate lets 20 steps through, so the request cannot end by itself before the word of its client comes.
        var ranks = new ScriptedRanks { Gate = new SemaphoreSlim(40) };
        await using var system = Start(ranks);
        await foreach (var reply in system.Submit(Request(10, 1000), cancellationToken: TestContext.Current.CancellationToken))
        {
            if (reply is GenerationProtocol.TokenGenerated { Position: 14 })
                break;
        }

        // Nobody waits for that word: a later request may be done before it is heard.
        using var patience = new CancellationTokenSource(s_patience);
        while (system.Status.Running > 0)
            await Task.Delay(1, patience.Token);
        ranks.Gate.Release(1000);
        Assert.Equal(5, (await TextOf(system, Request(12, 5))).Count);
        Assert.Contains(ranks.Plans, plan => plan.Released.Contains(1));
    }

    [Fact]
    public async Task RanksThatCannotBeBuilt_AreTriedAgainAndTheRequestRuns()
    {
        var ranks = new ScriptedRanks { BuildFailures = 3 };
        await using var system = Start(ranks);
        var running = TextOf(system, Request(10, 5));
        var ready = await Assert.ThrowsAsync<InvalidOperationException>(() => system.Ready.WaitAsync(s_patience));
        Assert.Contains("cannot be built: no memory for the pool", ready.Message);
        Assert.Equal(FakeModel.Continue(FakeModel.Prompt(10), 5), await running);
    }

    [Fact]
    public async Task RanksThatCanNeverBeBuilt_FailWhoWaits()
    {
        var ranks = new ScriptedRanks { BuildFailures = int.MaxValue };
        await using var system = Start(ranks, cluster: new ClusterSettings { LostEpochs = 2 });
        var failed = Assert.IsType<GenerationProtocol.Failed>((await All(system, Request(10, 5)).WaitAsync(s_patience))[^1]);
        Assert.Contains("no memory for the pool", failed.Message);
    }

    [Fact]
    public async Task Drain_LetsRunningRequestsEndRefusesOthersAndDisposesThePipelines()
    {
        var ranks = new ScriptedRanks { Gate = new SemaphoreSlim(0) };
        var system = Start(ranks);
        var running = All(system, Request(10, 5));
        await ranks.Reached(1, 1).WaitAsync(s_patience);
        var stop = system.StopAsync(TimeSpan.FromMinutes(1));
        var refused = Assert.IsType<GenerationProtocol.Failed>((await All(system, Request(10, 5)))[^1]);
        Assert.Equal(FailureKind.ShuttingDown, refused.Error);
        Assert.False(running.IsCompleted);

        ranks.Gate.Release(100);
        Assert.IsType<GenerationProtocol.Completed>((await running)[^1]);
        await stop.WaitAsync(s_patience);
        Assert.Equal(0, ranks.Alive);
        Assert.Equal(CoordinatorPhase.Stopped, system.Status.Phase);
        Assert.Equal(FailureKind.ShuttingDown, Assert.IsType<GenerationProtocol.Failed>((await All(system, Request(10, 5)))[^1]).Error);
    }

    [Fact]
    public async Task StopWithoutDrain_EndsRunningRequestsOnce()
    {
        var ranks = new ScriptedRanks { Gate = new SemaphoreSlim(0) };
        var system = Start(ranks);
        var running = All(system, Request(10, 5));
        await ranks.Reached(1, 1).WaitAsync(s_patience);
        await system.DisposeAsync().AsTask().WaitAsync(s_patience);

        var replies = await running.WaitAsync(s_patience);
        Assert.Equal(
            FailureKind.ShuttingDown, Assert.IsType<GenerationProtocol.Failed>(Assert.Single(replies, reply => reply.IsTerminal)).Error);
        Assert.Equal(0, ranks.Alive);
    }

    [Fact]
    public async Task DrainThatTakesTooLong_EndsTheRest()
    {
        var ranks = new ScriptedRanks { Gate = new SemaphoreSlim(0) };
        var system = Start(ranks, akka: VirtualTime);
        var running = All(system, Request(10, 5));
        await ranks.Reached(1, 1).WaitAsync(s_patience);
        var stop = system.StopAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(FailureKind.ShuttingDown, Assert.IsType<GenerationProtocol.Failed>((await All(system, Request(10, 5)))[^1]).Error);
        Time(system).Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(FailureKind.ShuttingDown, Assert.IsType<GenerationProtocol.Failed>((await running)[^1]).Error);
        await stop.WaitAsync(s_patience);
        Assert.Equal(0, ranks.Alive);
    }

    [Fact]
    public void WorldThatCpDoesNotDivide_IsRefused() => Assert.Throws<ArgumentOutOfRangeException>(() =>
        InProcessPlane.Start(new EngineSettings(), Options(new ScriptedRanks()) with { WorldSize = 3 }));

    private static InProcessPlane Start(
        ScriptedRanks ranks, SchedulerSettings? scheduler = null, string akka = "", ClusterSettings? cluster = null) =>
        InProcessPlane.Start(
            new EngineSettings
            {
                Cluster = cluster ?? new ClusterSettings(),
                Scheduler = scheduler ?? new SchedulerSettings(),
                KvCache = new KvCacheSettings { BlockSizeTokens = 16 },
                Akka = $"actor.serialize-messages = on\n{akka}",
            },
            Options(ranks));

    private static NodeOptions Options(ScriptedRanks ranks) => new()
    {
        WorldSize = ranks.WorldSize,
        CpSize = 2,
        Host = ranks,
        VocabSize = FakeModel.VocabSize,
        ContextLength = 2000,
        Loggers = new OutputLogger(TestContext.Current.TestOutputHelper),
    };

    /// <summary>Waits until a heartbeat that was due has been heard: the node and the coordinator have
    /// answered what came behind it.</summary>
    private static async Task Settle(InProcessPlane system)
    {
        var node = system.System.ActorSelection("/user/node");
        var coordinator = system.System.ActorSelection("/user/coordinator");
        await node.Ask<NodeProtocol.Located>(NodeProtocol.Locate.Instance, s_patience);
        await coordinator.Ask<CoordinatorProtocol.StatusTold>(CoordinatorProtocol.AskStatus.Instance, s_patience);
        await node.Ask<NodeProtocol.Located>(NodeProtocol.Locate.Instance, s_patience);
    }

    private static TestScheduler Time(InProcessPlane system) => (TestScheduler)system.System.Scheduler;

    private static GenerationProtocol.Submit Request(int promptLength, int maxNew, int salt = 0) => new(
        Guid.NewGuid(), [.. FakeModel.Prompt(promptLength, salt)], promptLength, maxNew, SamplingOptions.Greedy, []);

    private static async Task<IReadOnlyList<GenerationProtocol.IReply>> All(
        InProcessPlane system, GenerationProtocol.Submit request, CancellationToken cancellationToken = default)
    {
        var replies = new List<GenerationProtocol.IReply>();
        await foreach (var reply in system.Submit(request, cancellationToken: cancellationToken))
            replies.Add(reply);
        return replies;
    }

    private static async Task<IReadOnlyList<int>> TextOf(InProcessPlane system, GenerationProtocol.Submit request)
    {
        var replies = await All(system, request).WaitAsync(s_patience);
        Assert.IsType<GenerationProtocol.Completed>(replies[^1]);
        return [.. replies.OfType<GenerationProtocol.TokenGenerated>().Select(reply => reply.Token.Id)];
    }
}
