using AkkaCp.Pipeline.Partition;
using AkkaCp.Pipeline.Steps;
using AkkaCp.Scheduling.Requests;
using Xunit;

namespace AkkaCp.Scheduling.Tests;

/// <summary>What requests go through when groups of ranks break under them.</summary>
public class LostEpochTests
{
    private static readonly PipelineFault s_gone = new(FaultKind.RankLost, "RankPipeline", -1, 1, 3, "gone");

    [Fact]
    public void LostRank_CostsNoRequest()
    {
        var driver = new SchedulerDriver(new StepLimits { ChunkTokens = 16, MaxStepTokens = 17, MaxRunning = 4, StepsInFlight = 1 });
        var inside = driver.Submit(16, 30);
        driver.EndStep();
        driver.EndStep();
        var waiting = driver.Submit(16, 6, salt: 9);
        driver.Apply(driver.State.LoseEpoch(s_gone));

        driver.Restart();
        driver.RunToEnd();
        Assert.Equal(FakeModel.Continue(FakeModel.Prompt(16), 30), driver.TextOf(inside));
        Assert.Equal(FakeModel.Continue(FakeModel.Prompt(16, 9), 6), driver.TextOf(waiting));
        Assert.Equal(2, driver.State.Epoch);
        driver.AssertNothingHeld();
    }

    [Fact]
    public void EpochsLostInARow_FailWhoWasInsideAllOfThemOnly()
    {
        // One request a step: the second has no row inside while the first is prefilled.
        var driver = new SchedulerDriver(new StepLimits { ChunkTokens = 16, MaxStepTokens = 16, MaxRunning = 4, StepsInFlight = 1 });
        var (inside, waiting) = (driver.Submit(16, 30), driver.Submit(16, 6, salt: 9));
        for (var lost = 1; lost <= 5; lost++)
        {
            driver.Apply(driver.State.LoseEpoch(s_gone));
            Assert.Equal(lost == 5 ? 1 : 0, driver.RepliesTo(inside).Count(reply => reply.IsTerminal));
            driver.Restart();
        }

        Assert.Contains("RankLost", Assert.IsType<GenerationProtocol.Failed>(driver.TerminalOf(inside)).Message);
        driver.RunToEnd();
        Assert.Equal(FakeModel.Continue(FakeModel.Prompt(16, 9), 6), driver.TextOf(waiting));
        driver.AssertNothingHeld();
    }

    [Fact]
    public void NewToken_StartsTheCountOfLostEpochsAnew()
    {
        var driver = new SchedulerDriver(new StepLimits { StepsInFlight = 1 });
        var id = driver.Submit(16, 30);
        for (var lost = 1; lost <= 12; lost++)
        {
            driver.Apply(driver.State.LoseEpoch(s_gone));
            driver.Restart();
            if (lost % 4 == 0)
                driver.EndStep();
        }

        driver.RunToEnd();
        Assert.Equal(FakeModel.Continue(FakeModel.Prompt(16), 30), driver.TextOf(id));
    }

    [Fact]
    public void WaitingWithoutAGroup_FailsEverybodyAfterItsTime()
    {
        var driver = new SchedulerDriver(new StepLimits { MaxRunning = 1 });
        var ids = new[] { driver.Submit(16, 3), driver.Submit(16, 3) };
        for (var second = 0; second < driver.Limits.WaitForGroup; second++)
            driver.Take(driver.State.WaitForGroup("rank 1 has no node"));
        Assert.All(ids, id => Assert.DoesNotContain(driver.RepliesTo(id), reply => reply.IsTerminal));
        driver.Take(driver.State.WaitForGroup("rank 1 has no node"));
        Assert.All(ids, id => Assert.Equal(
            FailureKind.Unavailable, Assert.IsType<GenerationProtocol.Failed>(driver.TerminalOf(id)).Error));
        Assert.All(ids, id => Assert.Contains(
            "no group of ranks for 600 s: rank 1 has no node", Assert.IsType<GenerationProtocol.Failed>(driver.TerminalOf(id)).Message));
        driver.Restart();
        Assert.True(driver.State.IsIdle);
    }

    [Fact]
    public void FailureToForm_CountsForThoseThatWaitToo()
    {
        var driver = new SchedulerDriver(new StepLimits { MaxRunning = 1 });
        var ids = new[] { driver.Submit(16, 3), driver.Submit(16, 3) };
        for (var lost = 1; lost <= 5; lost++)
            driver.Take(driver.State.FailToForm(s_gone));
        Assert.All(ids, id => Assert.IsType<GenerationProtocol.Failed>(driver.TerminalOf(id)));
    }

    [Fact]
    public void RecomputedPrompt_IsTalliedOnce()
    {
        var driver = new SchedulerDriver(
            new StepLimits { ChunkTokens = 10, StepsInFlight = 1 }, policy: new CpPolicySettings { MinTokens = 5 });
        var id = driver.Submit(30, 4);
        driver.EndStep();
        driver.EndStep();
        driver.Restart();
        driver.RunToEnd();
        Assert.Equal(30, Assert.IsType<GenerationProtocol.Completed>(driver.TerminalOf(id)).Placement.RowsPerRank.Sum());
    }

    [Fact]
    public void RequestUnderWhichTwoGroupsBroke_RunsAloneUntilItsNextToken()
    {
        var driver = new SchedulerDriver(new StepLimits { StepsInFlight = 2 });
        var (first, second) = (driver.Submit(16, 6), driver.Submit(16, 6, salt: 9));
        LoseEpochs(driver, 2);
        var alone = driver.Plans.Count;
        Assert.Equal([1], RequestsOf(driver.Plans[^1]));
        driver.EndStep();
        Assert.Equal([2], RequestsOf(driver.Plans[alone]));
        driver.EndStep();
        Assert.Equal([1, 2], RequestsOf(driver.Plans[alone + 1]));

        driver.RunToEnd();
        Assert.Equal(FakeModel.Continue(FakeModel.Prompt(16), 6), driver.TextOf(first));
        Assert.Equal(FakeModel.Continue(FakeModel.Prompt(16, 9), 6), driver.TextOf(second));
        driver.AssertNothingHeld();
    }

    [Fact]
    public void RequestThatBreaksEveryGroup_TakesNoneWithIt()
    {
        var driver = new SchedulerDriver(new StepLimits { StepsInFlight = 2 });
        var (harmless, poison) = (driver.Submit(16, 6, salt: 9), driver.Submit(40, 6));
        for (var step = 0; !driver.RepliesTo(poison).Any(reply => reply.IsTerminal); step++)
        {
            Assert.True(step < 100, "the request that breaks every group never ends");
            if (driver.Plans[^1].Requests.Any(share => share.SequenceId == 2))
                LoseEpochs(driver, 1);
            else
                driver.EndStep();
        }

        Assert.Contains("RankLost", Assert.IsType<GenerationProtocol.Failed>(driver.TerminalOf(poison)).Message);
        driver.RunToEnd();
        Assert.Equal(FakeModel.Continue(FakeModel.Prompt(16, 9), 6), driver.TextOf(harmless));
        driver.AssertNothingHeld();
    }

    private static void LoseEpochs(SchedulerDriver driver, int count)
    {
        for (var lost = 0; lost < count; lost++)
        {
            driver.Apply(driver.State.LoseEpoch(s_gone));
            driver.Restart();
        }
    }

    private static IEnumerable<int> RequestsOf(StepPlan plan) => plan.Requests.Select(share => (int)share.SequenceId);
}
