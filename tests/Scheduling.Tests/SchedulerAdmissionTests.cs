using AkkaCp.Model.Sampling;
using AkkaCp.Scheduling.Requests;
using Xunit;

namespace AkkaCp.Scheduling.Tests;

/// <summary>Which requests are refused, which wait, and for how long.</summary>
public class SchedulerAdmissionTests
{
    [Fact]
    public void PromptThatCannotFit_IsRefusedBeforeAnyRankWorks()
    {
        var driver = new SchedulerDriver(context: 100, kvBlocks: 4, blockSize: 16);
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
        var driver = new SchedulerDriver();
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
        var driver = new SchedulerDriver();
        var failed = Assert.IsType<GenerationProtocol.Failed>(driver.TerminalOf(driver.Submit(1, 1, tokens: [id])));
        Assert.Equal(FailureKind.Invalid, failed.Error);
    }

    [Fact]
    public void EmptyPrompt_IsInvalid()
    {
        var driver = new SchedulerDriver();
        Assert.Equal(
            FailureKind.Invalid, Assert.IsType<GenerationProtocol.Failed>(driver.TerminalOf(driver.Submit(0, 1, tokens: []))).Error);
        var unset = driver.Request(1, 1) with { Tokens = default, StopTokens = default };
        driver.Apply(driver.State.Submit(unset));
        Assert.Equal(FailureKind.Invalid, Assert.IsType<GenerationProtocol.Failed>(driver.TerminalOf(unset.RequestId)).Error);
    }

    [Fact]
    public void FullQueue_RefusesAsBusyAndSaysItsLength()
    {
        var driver = new SchedulerDriver(new StepLimits { MaxRunning = 1, QueueLimit = 2 });
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
        var driver = new SchedulerDriver(kvBlocks: 10, blockSize: 16);
        var ids = Enumerable.Range(0, 10).Select(salt => driver.Submit(40, 20, salt: salt)).ToList();
        Assert.Equal(8, driver.State.Queue.Count);
        driver.RunToEnd();

        Assert.All(ids, id => Assert.Equal(20, driver.TextOf(id).Count));
        driver.AssertNothingHeld();
    }

    [Fact]
    public void RequestThatWaitsForKv_IsOvertakenABoundedNumberOfTimes()
    {
        var driver = new SchedulerDriver(kvBlocks: 10, blockSize: 16);
        var first = driver.Submit(10, 60);
        var large = driver.Submit(100, 30);
        var small = Enumerable.Range(0, 3 * StepPlanner.MaxOvertakes).Select(_ => driver.Submit(5, 3)).ToList();
        driver.RunToEnd();

        var order = driver.Plans.SelectMany(plan => plan.Requests).Where(share => share.Start is not null)
            .Select(share => share.SequenceId).ToList();
        Assert.Equal(1 + StepPlanner.MaxOvertakes, order.IndexOf(2));
        Assert.All(small.Append(first).Append(large), id => Assert.IsType<GenerationProtocol.Completed>(driver.TerminalOf(id)));
    }

    [Fact]
    public void CancelledWhileQueued_SaysSoAndNeverRuns()
    {
        var driver = new SchedulerDriver(new StepLimits { MaxRunning = 1 });
        driver.Submit(5, 5);
        var id = driver.Submit(5, 5);
        driver.Apply(driver.State.Cancel(id));

        Assert.Equal(CompletionReason.Cancelled, Assert.IsType<GenerationProtocol.Completed>(driver.TerminalOf(id)).Reason);
        driver.RunToEnd();
        Assert.DoesNotContain(driver.Plans.SelectMany(plan => plan.Requests), share => share.SequenceId == 2);
    }

    [Fact]
    public void Drain_RefusesTheQueueAndNewOnesAndLetsRunningOnesEnd()
    {
        var driver = new SchedulerDriver(new StepLimits { MaxRunning = 1 });
        var (running, queued) = (driver.Submit(20, 5), driver.Submit(20, 5));
        driver.Apply(driver.State.Drain());
        var late = driver.Submit(20, 5);
        Assert.All(new[] { queued, late }, id =>
            Assert.Equal(FailureKind.ShuttingDown, Assert.IsType<GenerationProtocol.Failed>(driver.TerminalOf(id)).Error));
        driver.RunToEnd();
        Assert.Equal(5, driver.TextOf(running).Count);
        Assert.True(driver.State.IsIdle);
    }
}
