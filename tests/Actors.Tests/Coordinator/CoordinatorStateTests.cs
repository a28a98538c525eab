using AkkaCp.Actors.Coordinator;
using AkkaCp.Actors.Protocol;
using AkkaCp.Actors.Settings;
using AkkaCp.Model.Sampling;
using AkkaCp.Pipeline.Partition;
using AkkaCp.Pipeline.Steps;
using Xunit;

namespace AkkaCp.Actors.Tests.Coordinator;

public class CoordinatorStateTests
{
    [Theory]
    [InlineData(1, 5, 0, 1)]
    [InlineData(30, 7, 0, 1)]
    [InlineData(100, 3, 7, 2)]
    [InlineData(33, 20, 16, 4)]
    public void Request_GetsItsWholeTextInOrder(int prompt, int maxNew, int chunk, int stepsInFlight)
    {
        var driver = new CoordinatorDriver(new SchedulerSettings { ChunkTokens = chunk, StepsInFlight = stepsInFlight });
        var id = driver.Submit(prompt, maxNew);
        driver.RunToEnd();

        Assert.Equal(FakeModel.Continue(FakeModel.Prompt(prompt), maxNew), driver.TextOf(id));
        var positions = driver.RepliesTo(id).OfType<GenerationProtocol.TokenGenerated>().Select(reply => reply.Position);
        Assert.Equal(Enumerable.Range(prompt, maxNew), positions);
        Assert.Equal(CompletionReason.Length, Assert.IsType<GenerationProtocol.Completed>(driver.TerminalOf(id)).Reason);
        Assert.Same(driver.RepliesTo(id)[^1], driver.TerminalOf(id));
        AssertNothingHeld(driver);
    }

    [Fact]
    public void StopToken_EndsTheTextAndIsReported()
    {
        var driver = new CoordinatorDriver();
        var text = FakeModel.Continue(FakeModel.Prompt(9), 10);
        var id = driver.Submit(9, 10, stop: [text[3]]);
        driver.RunToEnd();

        Assert.Equal(text.Take(4), driver.TextOf(id));
        Assert.Equal(CompletionReason.Stop, Assert.IsType<GenerationProtocol.Completed>(driver.TerminalOf(id)).Reason);
        AssertNothingHeld(driver);
    }

    [Fact]
    public void NoNewTokens_PrefillsOnly()
    {
        var driver = new CoordinatorDriver(new SchedulerSettings { ChunkTokens = 10 });
        var id = driver.Submit(25, 0);
        driver.RunToEnd();

        Assert.All(driver.Plans.SelectMany(plan => plan.Requests), share => Assert.False(share.Sample));
        Assert.Equal([0, 10, 20, 25], driver.RepliesTo(id).OfType<GenerationProtocol.Progress>().Select(reply => reply.Processed));
        Assert.Equal(CompletionReason.Length, Assert.IsType<GenerationProtocol.Completed>(driver.TerminalOf(id)).Reason);
    }

    [Fact]
    public void ResumedRequest_KeepsItsPromptLengthAndContinuesTheSameText()
    {
        var driver = new CoordinatorDriver();
        var text = FakeModel.Continue(FakeModel.Prompt(12), 8);
        var id = driver.Submit(12, 5, tokens: [.. FakeModel.Prompt(12), .. text.Take(3)]);
        driver.RunToEnd();

        Assert.Equal(12, driver.Plans[0].Requests[0].Start!.PromptLength);
        Assert.Equal(text.Skip(3), driver.TextOf(id));
    }

    [Fact]
    public void ContextAndPool_LimitTheText()
    {
        var byContext = new CoordinatorDriver(context: 20);
        var id = byContext.Submit(15, 100);
        byContext.RunToEnd();
        Assert.Equal(5, byContext.TextOf(id).Count);

        // Two blocks of 16 hold 32 tokens; the 33rd is sampled and never run.
        var byPool = new CoordinatorDriver(kvBlocks: 3, blockSize: 16);
        id = byPool.Submit(15, 100);
        byPool.RunToEnd();
        Assert.Equal(18, byPool.TextOf(id).Count);
        Assert.Equal(CompletionReason.Length, Assert.IsType<GenerationProtocol.Completed>(byPool.TerminalOf(id)).Reason);
    }

    [Fact]
    public void PromptThatCannotFit_IsRefusedBeforeAnyRankWorks()
    {
        var driver = new CoordinatorDriver(context: 100, kvBlocks: 4, blockSize: 16);
        var overContext = Assert.IsType<GenerationProtocol.Failed>(driver.TerminalOf(driver.Submit(101, 1)));
        var overPool = Assert.IsType<GenerationProtocol.Failed>(driver.TerminalOf(driver.Submit(49, 1)));

        Assert.Equal((FailureKind.ContextLengthExceeded, FailureKind.ContextLengthExceeded), (overContext.Error, overPool.Error));
        Assert.Contains("100 tokens, found 101", overContext.Message);
        Assert.Contains("48 tokens, found 49", overPool.Message);
        Assert.Empty(driver.Plans);
    }

    [Fact]
    public void WrongRequest_IsRefusedWithAllReasons()
    {
        var driver = new CoordinatorDriver();
        var request = driver.Request(3, 1, tokens: [1, FakeModel.VocabSize, 2]) with
        {
            PromptLength = 4,
            MaxNewTokens = -1,
            Sampling = new SamplingOptions { Temperature = float.NaN, TopK = -1 },
        };
        driver.Apply(driver.State.Submit(request));

        var failed = Assert.IsType<GenerationProtocol.Failed>(driver.TerminalOf(request.RequestId));
        Assert.Equal(FailureKind.Invalid, failed.Error);
        Assert.Contains("token 1: expected an id from 0 to 999, found 1000", failed.Message);
        Assert.Contains("prompt length: expected 1 to 3, found 4", failed.Message);
        Assert.Contains("max new tokens: expected at least 0, found -1", failed.Message);
        Assert.Contains("temperature", failed.Message);
        Assert.Contains("top_k", failed.Message);
        Assert.Empty(driver.Plans);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(int.MinValue)]
    public void NegativeTokenId_IsInvalid(int id)
    {
        var driver = new CoordinatorDriver();
        var failed = Assert.IsType<GenerationProtocol.Failed>(driver.TerminalOf(driver.Submit(1, 1, tokens: [id])));
        Assert.Equal(FailureKind.Invalid, failed.Error);
    }

    [Fact]
    public void EmptyPrompt_IsInvalid()
    {
        var driver = new CoordinatorDriver();
        Assert.Equal(FailureKind.Invalid, Assert.IsType<GenerationProtocol.Failed>(driver.TerminalOf(driver.Submit(0, 1, tokens: []))).Error);
        var unset = driver.Request(1, 1) with { Tokens = default, StopTokens = default };
        driver.Apply(driver.State.Submit(unset));
        Assert.Equal(FailureKind.Invalid, Assert.IsType<GenerationProtocol.Failed>(driver.TerminalOf(unset.RequestId)).Error);
    }

    [Fact]
    public void FullQueue_RefusesAsBusyAndSaysItsLength()
    {
        var driver = new CoordinatorDriver(new SchedulerSettings { MaxRunning = 1, QueueLimit = 2 });
        var taken = Enumerable.Range(0, 3).Select(_ => driver.Submit(5, 2)).ToList();
        var refused = Assert.IsType<GenerationProtocol.Failed>(driver.TerminalOf(driver.Submit(5, 2)));

        Assert.Equal(FailureKind.Busy, refused.Error);
        Assert.Contains("2 requests wait", refused.Message);
        driver.RunToEnd();
        Assert.All(taken, id => Assert.IsType<GenerationProtocol.Completed>(driver.TerminalOf(id)));
        var next = driver.Submit(5, 2);
        driver.RunToEnd();
        Assert.IsType<GenerationProtocol.Completed>(driver.TerminalOf(next));
    }

    [Fact]
    public void FullPool_MakesRequestsWaitAndNeverDeadlocks()
    {
        // Ten requests of 4 blocks each, a pool of 9: two at a time.
        var driver = new CoordinatorDriver(kvBlocks: 10, blockSize: 16);
        var ids = Enumerable.Range(0, 10).Select(salt => driver.Submit(40, 20, salt: salt)).ToList();
        Assert.Equal(8, driver.State.Queue.Count);
        driver.RunToEnd();

        Assert.All(ids, id => Assert.Equal(20, driver.TextOf(id).Count));
        AssertNothingHeld(driver);
    }

    [Fact]
    public void RequestThatWaitsForKv_IsOvertakenABoundedNumberOfTimes()
    {
        var driver = new CoordinatorDriver(kvBlocks: 10, blockSize: 16);
        var first = driver.Submit(10, 60);
        var large = driver.Submit(100, 30);
        var small = Enumerable.Range(0, 3 * StepPlanner.MaxOvertakes).Select(_ => driver.Submit(5, 3)).ToList();
        driver.RunToEnd();

        var order = driver.Plans.SelectMany(plan => plan.Requests).Where(share => share.Start is not null).Select(share => share.Request).ToList();
        Assert.Equal(1 + StepPlanner.MaxOvertakes, order.IndexOf(2));
        Assert.All(small.Append(first).Append(large), id => Assert.IsType<GenerationProtocol.Completed>(driver.TerminalOf(id)));
    }

    [Fact]
    public void CancelledWhileQueued_SaysSoAndNeverRuns()
    {
        var driver = new CoordinatorDriver(new SchedulerSettings { MaxRunning = 1 });
        driver.Submit(5, 5);
        var id = driver.Submit(5, 5);
        driver.Apply(driver.State.Cancel(id));

        Assert.Equal(CompletionReason.Cancelled, Assert.IsType<GenerationProtocol.Completed>(driver.TerminalOf(id)).Reason);
        driver.RunToEnd();
        Assert.DoesNotContain(driver.Plans.SelectMany(plan => plan.Requests), share => share.Request == 2);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(9)]
    public void Cancelled_GetsNoMoreRowsAndItsKvBackWithTheStepInside(int stepsBefore)
    {
        // 64 tokens in chunks of 16: four prefill steps, decode behind.
        var driver = new CoordinatorDriver(new SchedulerSettings { ChunkTokens = 16, StepsInFlight = 1 });
        var id = driver.Submit(64, 50);
        for (var i = 0; i < stepsBefore; i++)
            driver.EndStep();
        var plans = driver.Plans.Count;
        driver.Apply(driver.State.Cancel(id));
        driver.Apply(driver.State.Cancel(id));
        Assert.Equal(CompletionReason.Cancelled, Assert.IsType<GenerationProtocol.Completed>(driver.TerminalOf(id)).Reason);

        driver.EndStep();
        Assert.Equal(driver.Limits.KvBlocks - 1, driver.State.Kv.Free);
        var release = Assert.Single(driver.Plans.Skip(plans));
        Assert.Equal((0, 1), (release.Requests.Length, release.Released.Length));
        driver.RunToEnd();
        AssertNothingHeld(driver);
    }

    [Fact]
    public void CancelledWithTwoChunksInside_GivesItsKvToTheNextRequestWithinOneStep()
    {
        var driver = new CoordinatorDriver(new SchedulerSettings { ChunkTokens = 16, StepsInFlight = 2 }, kvBlocks: 8);
        var cancelled = driver.Submit(80, 16);
        driver.Submit(40, 2);
        Assert.Equal(2, driver.Inside);
        driver.Apply(driver.State.Cancel(cancelled));

        driver.EndStep();
        var next = driver.Plans[^1];
        Assert.Equal([1L], next.Released);
        Assert.Equal([2L], next.Requests.Select(share => share.Request));
        driver.RunToEnd();
        AssertNothingHeld(driver);
    }

    [Fact]
    public void StepFault_FailsItsRequestsOnceAndOthersGoOn()
    {
        var driver = new CoordinatorDriver(new SchedulerSettings { MaxRunning = 2, StepsInFlight = 1 });
        var (first, second, third) = (driver.Submit(20, 5), driver.Submit(20, 5), driver.Submit(20, 5, salt: 5));
        driver.EndStep();
        var plan = driver.EndStep(results => FakeRanks.Fail(results, 1, FaultKind.StageFailed));
        driver.RunToEnd();

        var failed = plan.Requests.Select(share => share.Request).ToList();
        Assert.Equal([1L, 2L], failed.Order());
        foreach (var id in new[] { first, second })
        {
            var reply = Assert.IsType<GenerationProtocol.Failed>(driver.TerminalOf(id));
            Assert.Equal(FailureKind.Fault, reply.Error);
            Assert.StartsWith("StageFailed in Moe of layer 3 on rank 1", reply.Message);
        }

        Assert.Equal(FakeModel.Continue(FakeModel.Prompt(20, 5), 5), driver.TextOf(third));
        Assert.False(driver.State.NeedsNewEpoch);
        AssertNothingHeld(driver);
    }

    [Fact]
    public void FaultOfOneRequest_LeavesTheOthersOfItsStep()
    {
        var driver = new CoordinatorDriver();
        var (bad, good) = (driver.Submit(20, 5), driver.Submit(20, 5, salt: 1));
        driver.EndStep(results =>
        [
            .. results.Select(result => result with
            {
                Samples = [.. result.Samples.Select(sample => sample.Request == 1
                    ? new RequestSample(1, null, new PipelineFault(FaultKind.NonFiniteLogits, "Sample", -1, 0, 1, "logit 3 is NaN"))
                    : sample)],
            }),
        ]);
        driver.RunToEnd();

        Assert.Contains("NonFiniteLogits", Assert.IsType<GenerationProtocol.Failed>(driver.TerminalOf(bad)).Message);
        Assert.Equal(5, driver.TextOf(good).Count);
        AssertNothingHeld(driver);
    }

    [Fact]
    public void FaultOfARequestThatWantsNoToken_FailsItToo()
    {
        var driver = new CoordinatorDriver();
        var (bad, good) = (driver.Submit(20, 0), driver.Submit(20, 5, salt: 1));
        driver.EndStep(results =>
        [
            .. results.Select(result => result.Rank == 1
                ? result with { Samples = result.Samples.Add(new RequestSample(1, null, new PipelineFault(FaultKind.NonFiniteLogits, "LmHead", -1, 1, 1, "NaN"))) }
                : result),
        ]);
        driver.RunToEnd();

        Assert.Contains("NonFiniteLogits in LmHead on rank 1", Assert.IsType<GenerationProtocol.Failed>(driver.TerminalOf(bad)).Message);
        Assert.Equal(5, driver.TextOf(good).Count);
        AssertNothingHeld(driver);
    }

    [Fact]
    public void MissingSample_FailsTheRequest()
    {
        var driver = new CoordinatorDriver();
        var id = driver.Submit(20, 5);
        driver.EndStep(results => [.. results.Select(result => result with { Samples = [] })]);
        Assert.Contains("expected a token", Assert.IsType<GenerationProtocol.Failed>(driver.TerminalOf(id)).Message);
        driver.RunToEnd();
        AssertNothingHeld(driver);
    }

    [Theory]
    [InlineData(FaultKind.PeerLost)]
    [InlineData(FaultKind.PeerAborted)]
    [InlineData(FaultKind.CollectiveMismatch)]
    [InlineData(FaultKind.Stopped)]
    public void FaultThatNobodyExplains_AsksForANewEpochInWhichAllGoOn(FaultKind kind)
    {
        var driver = new CoordinatorDriver(new SchedulerSettings { ChunkTokens = 16, MaxStepTokens = 16, MaxRunning = 8 });
        var (first, second) = (driver.Submit(16, 6), driver.Submit(16, 6, salt: 1));
        driver.EndStep(results => FakeRanks.Fail(results, 1, kind));

        Assert.Equal(kind, driver.State.EpochFault?.Kind);
        Assert.Equal(2, driver.Plans.Count);
        driver.Restart();
        driver.RunToEnd();
        Assert.Equal(FakeModel.Continue(FakeModel.Prompt(16), 6), driver.TextOf(first));
        Assert.Equal(FakeModel.Continue(FakeModel.Prompt(16, 1), 6), driver.TextOf(second));
        AssertNothingHeld(driver);
    }

    [Fact]
    public void RestartInTheMiddleOfAText_ContinuesIt()
    {
        var driver = new CoordinatorDriver(new SchedulerSettings { ChunkTokens = 8, StepsInFlight = 2 });
        var id = driver.Submit(30, 12);
        for (var i = 0; i < 8; i++)
            driver.EndStep();
        Assert.InRange(driver.TextOf(id).Count, 1, 11);
        driver.Restart();
        driver.RunToEnd();

        Assert.Equal(FakeModel.Continue(FakeModel.Prompt(30), 12), driver.TextOf(id));
        Assert.Equal(30, driver.Plans.Last(plan => plan.Requests.Any(share => share.Start is not null)).Requests[0].Start!.PromptLength);
    }

    [Fact]
    public void ResultsOfAnotherEpochStepOrRank_ChangeNothing()
    {
        var driver = new CoordinatorDriver();
        driver.Submit(20, 5);
        var result = new StepResult(1, 1, 0, [], null, default);
        foreach (var strange in new[] { result with { Epoch = 2 }, result with { Step = 9 }, result with { Rank = 2 }, result with { Rank = -1 } })
            Assert.Same(driver.State, driver.State.Record(strange).State);
    }

    [Fact]
    public void Drain_RefusesTheQueueAndNewOnesAndLetsRunningOnesEnd()
    {
        var driver = new CoordinatorDriver(new SchedulerSettings { MaxRunning = 1 });
        var (running, queued) = (driver.Submit(20, 5), driver.Submit(20, 5));
        driver.Apply(driver.State.Drain());
        var late = driver.Submit(20, 5);
        Assert.All(new[] { queued, late }, id =>
            Assert.Equal(FailureKind.ShuttingDown, Assert.IsType<GenerationProtocol.Failed>(driver.TerminalOf(id)).Error));
        driver.RunToEnd();
        Assert.Equal(5, driver.TextOf(running).Count);
        Assert.True(driver.State.IsIdle);
    }

    [Fact]
    public void Layout_TellsHowThePromptLay()
    {
        // 30 tokens over 2 ranks: 16 + 14 in the split chunk of 20 and the dealt-or-replicated rest.
        var driver = new CoordinatorDriver(
            new SchedulerSettings { ChunkTokens = 20 }, policy: new CpPolicySettings { MinTokens = 16, ReplicateTokens = 16 });
        var id = driver.Submit(30, 4);
        driver.RunToEnd();

        var layout = Assert.IsType<GenerationProtocol.Completed>(driver.TerminalOf(id)).Layout;
        Assert.Equal(2, layout.CpSize);
        Assert.Equal([1, 0, 1], layout.Ways);
        Assert.Equal([20, 20], layout.RowsPerRank);
        Assert.Equal(200, layout.KvBytesGathered);
    }

    [Fact]
    public void FourRanks_TakeSamplesOfTheOwnersOnly()
    {
        var driver = new CoordinatorDriver(world: 4, cp: 2);
        var ids = Enumerable.Range(0, 5).Select(salt => driver.Submit(5 + salt, 6, salt: salt)).ToList();
        driver.RunToEnd();
        for (var salt = 0; salt < ids.Count; salt++)
            Assert.Equal(FakeModel.Continue(FakeModel.Prompt(5 + salt, salt), 6), driver.TextOf(ids[salt]));
    }

    internal static void AssertNothingHeld(CoordinatorDriver driver)
    {
        Assert.True(driver.State.IsIdle);
        Assert.Equal(0, driver.Ranks.BlocksInUse);
        Assert.Equal((driver.Limits.KvBlocks - 1, 0), (driver.State.Kv.Free, driver.State.Kv.Reserved));
    }
}
