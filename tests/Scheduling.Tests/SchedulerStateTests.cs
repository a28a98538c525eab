using AkkaCp.Pipeline.Partition;
using AkkaCp.Scheduling.Requests;
using Xunit;

namespace AkkaCp.Scheduling.Tests;

/// <summary>What requests that are taken get: their text, their placement, their KV back.</summary>
public class SchedulerStateTests
{
    [Theory]
    [InlineData(1, 5, 0, 1)]
    [InlineData(30, 7, 0, 1)]
    [InlineData(100, 3, 7, 2)]
    [InlineData(33, 20, 16, 4)]
    public void Request_GetsItsWholeTextInOrder(int prompt, int maxNew, int chunk, int stepsInFlight)
    {
        var driver = new SchedulerDriver(new StepLimits { ChunkTokens = chunk, StepsInFlight = stepsInFlight });
        var id = driver.Submit(prompt, maxNew);
        driver.RunToEnd();

        Assert.Equal(FakeModel.Continue(FakeModel.Prompt(prompt), maxNew), driver.TextOf(id));
        var positions = driver.RepliesTo(id).OfType<GenerationProtocol.TokenGenerated>().Select(reply => reply.Position);
        Assert.Equal(Enumerable.Range(prompt, maxNew), positions);
        Assert.Equal(CompletionReason.Length, Assert.IsType<GenerationProtocol.Completed>(driver.TerminalOf(id)).Reason);
        Assert.Same(driver.RepliesTo(id)[^1], driver.TerminalOf(id));
        driver.AssertNothingHeld();
    }

    [Fact]
    public void StopToken_EndsTheTextAndIsReported()
    {
        var driver = new SchedulerDriver();
        var text = FakeModel.Continue(FakeModel.Prompt(9), 10);
        var id = driver.Submit(9, 10, stop: [text[3]]);
        driver.RunToEnd();

        Assert.Equal(text.Take(4), driver.TextOf(id));
        Assert.Equal(CompletionReason.Stop, Assert.IsType<GenerationProtocol.Completed>(driver.TerminalOf(id)).Reason);
        driver.AssertNothingHeld();
    }

    [Fact]
    public void NoNewTokens_PrefillsOnly()
    {
        var driver = new SchedulerDriver(new StepLimits { ChunkTokens = 10 });
        var id = driver.Submit(25, 0);
        driver.RunToEnd();

        Assert.All(driver.Plans.SelectMany(plan => plan.Requests), share => Assert.False(share.Sample));
        Assert.Equal([0, 10, 20, 25], driver.RepliesTo(id).OfType<GenerationProtocol.Progress>().Select(reply => reply.Processed));
        Assert.Equal(CompletionReason.Length, Assert.IsType<GenerationProtocol.Completed>(driver.TerminalOf(id)).Reason);
    }

    [Fact]
    public void ResumedRequest_KeepsItsPromptLengthAndContinuesTheSameText()
    {
        var driver = new SchedulerDriver();
        var text = FakeModel.Continue(FakeModel.Prompt(12), 8);
        var id = driver.Submit(12, 5, tokens: [.. FakeModel.Prompt(12), .. text.Take(3)]);
        driver.RunToEnd();

        Assert.Equal(12, driver.Plans[0].Requests[0].Start!.PromptLength);
        Assert.Equal(text.Skip(3), driver.TextOf(id));
    }

    [Fact]
    public void ContextAndPool_LimitTheText()
    {
        var byContext = new SchedulerDriver(context: 20);
        var id = byContext.Submit(15, 100);
        byContext.RunToEnd();
        Assert.Equal(5, byContext.TextOf(id).Count);

        // Two blocks of 16 hold 32 tokens; the 33rd is sampled and never run.
        var byPool = new SchedulerDriver(kvBlocks: 3, blockSize: 16);
        id = byPool.Submit(15, 100);
        byPool.RunToEnd();
        Assert.Equal(18, byPool.TextOf(id).Count);
        Assert.Equal(CompletionReason.Length, Assert.IsType<GenerationProtocol.Completed>(byPool.TerminalOf(id)).Reason);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(9)]
    public void Cancelled_GetsNoMoreRowsAndItsKvBackWithTheStepInside(int stepsBefore)
    {
        // 64 tokens in chunks of 16: four prefill steps, decode behind.
        var driver = new SchedulerDriver(new StepLimits { ChunkTokens = 16, StepsInFlight = 1 });
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
        driver.AssertNothingHeld();
    }

    [Fact]
    public void CancelledWithTwoChunksInside_GivesItsKvToTheNextSequenceIdWithinOneStep()
    {
        var driver = new SchedulerDriver(new StepLimits { ChunkTokens = 16, StepsInFlight = 2 }, kvBlocks: 8);
        var cancelled = driver.Submit(80, 16);
        driver.Submit(40, 2);
        Assert.Equal(2, driver.Inside);
        driver.Apply(driver.State.Cancel(cancelled));

        driver.EndStep();
        var next = driver.Plans[^1];
        Assert.Equal([1L], next.Released);
        Assert.Equal([2L], next.Requests.Select(share => share.SequenceId));
        driver.RunToEnd();
        driver.AssertNothingHeld();
    }

    [Fact]
    public void Layout_TellsHowThePromptLay()
    {
        // 30 tokens over 2 ranks: 16 + 14 in the split chunk of 20 and the dealt-or-replicated rest.
        var driver = new SchedulerDriver(
            new StepLimits { ChunkTokens = 20 }, policy: new CpPolicySettings { MinTokens = 16, ReplicateTokens = 16 });
        var id = driver.Submit(30, 4);
        driver.RunToEnd();

        var placement = Assert.IsType<GenerationProtocol.Completed>(driver.TerminalOf(id)).Placement;
        Assert.Equal(2, placement.CpSize);
        Assert.Equal([1, 0, 1], placement.StepsByKind);
        Assert.Equal([20, 20], placement.RowsPerRank);
        Assert.Equal(200, placement.KvBytesGathered);
    }

    [Fact]
    public void FourRanks_TakeSamplesOfTheOwnersOnly()
    {
        var driver = new SchedulerDriver(world: 4, cp: 2);
        var ids = Enumerable.Range(0, 5).Select(salt => driver.Submit(5 + salt, 6, salt: salt)).ToList();
        driver.RunToEnd();
        for (var salt = 0; salt < ids.Count; salt++)
            Assert.Equal(FakeModel.Continue(FakeModel.Prompt(5 + salt, salt), 6), driver.TextOf(ids[salt]));
    }
}
