using AkkaCp.Pipeline.Steps;
using AkkaCp.Scheduling.Requests;
using Xunit;

namespace AkkaCp.Scheduling.Tests;

/// <summary>What a fault in a step does to its requests, and to those beside them.</summary>
public class SchedulerFaultTests
{
    [Fact]
    public void StepFault_FailsItsRequestsOnceAndOthersGoOn()
    {
        var driver = new SchedulerDriver(new StepLimits { MaxRunning = 2, StepsInFlight = 1 });
        var (first, second, third) = (driver.Submit(20, 5), driver.Submit(20, 5), driver.Submit(20, 5, salt: 5));
        driver.EndStep();
        var plan = driver.EndStep(results => FakeRanks.Fail(results, 1, FaultKind.StageFailed));
        driver.RunToEnd();

        var failed = plan.Requests.Select(share => share.SequenceId).ToList();
        Assert.Equal([1L, 2L], failed.Order());
        foreach (var id in new[] { first, second })
        {
            var reply = Assert.IsType<GenerationProtocol.Failed>(driver.TerminalOf(id));
            Assert.Equal(FailureKind.Fault, reply.Error);
            Assert.StartsWith("StageFailed in Moe of layer 3 on rank 1", reply.Message);
        }

        Assert.Equal(FakeModel.Continue(FakeModel.Prompt(20, 5), 5), driver.TextOf(third));
        Assert.False(driver.State.NeedsNewEpoch);
        driver.AssertNothingHeld();
    }

    [Fact]
    public void FaultOfOneRequest_LeavesTheOthersOfItsStep()
    {
        var driver = new SchedulerDriver();
        var (bad, good) = (driver.Submit(20, 5), driver.Submit(20, 5, salt: 1));
        driver.EndStep(results =>
        [
            .. results.Select(result => result with
            {
                Samples = [.. result.Samples.Select(sample => sample.SequenceId == 1
                    ? new RequestSample(1, null, new PipelineFault(FaultKind.NonFiniteLogits, "Sample", -1, 0, 1, "logit 3 is NaN"))
                    : sample)],
            }),
        ]);
        driver.RunToEnd();

        Assert.Contains("NonFiniteLogits", Assert.IsType<GenerationProtocol.Failed>(driver.TerminalOf(bad)).Message);
        Assert.Equal(5, driver.TextOf(good).Count);
        driver.AssertNothingHeld();
    }

    [Fact]
    public void FaultOfARequestThatWantsNoToken_FailsItToo()
    {
        var driver = new SchedulerDriver();
        var (bad, good) = (driver.Submit(20, 0), driver.Submit(20, 5, salt: 1));
        driver.EndStep(results =>
        [
            .. results.Select(result => result.Rank == 1
                ? result with
                {
                    Samples = result.Samples.Add(
                        new RequestSample(1, null, new PipelineFault(FaultKind.NonFiniteLogits, "LmHead", -1, 1, 1, "NaN"))),
                }
                : result),
        ]);
        driver.RunToEnd();

        Assert.Contains("NonFiniteLogits in LmHead on rank 1", Assert.IsType<GenerationProtocol.Failed>(driver.TerminalOf(bad)).Message);
        Assert.Equal(5, driver.TextOf(good).Count);
        driver.AssertNothingHeld();
    }

    [Fact]
    public void MissingSample_FailsTheRequest()
    {
        var driver = new SchedulerDriver();
        var id = driver.Submit(20, 5);
        driver.EndStep(results => [.. results.Select(result => result with { Samples = [] })]);
        Assert.Contains("expected a token", Assert.IsType<GenerationProtocol.Failed>(driver.TerminalOf(id)).Message);
        driver.RunToEnd();
        driver.AssertNothingHeld();
    }

    [Theory]
    [InlineData(FaultKind.PeerLost)]
    [InlineData(FaultKind.PeerAborted)]
    [InlineData(FaultKind.CollectiveMismatch)]
    [InlineData(FaultKind.Stopped)]
    public void FaultThatNobodyExplains_AsksForANewEpochInWhichAllGoOn(FaultKind kind)
    {
        var driver = new SchedulerDriver(new StepLimits { ChunkTokens = 16, MaxStepTokens = 16, MaxRunning = 8 });
        var (first, second) = (driver.Submit(16, 6), driver.Submit(16, 6, salt: 1));
        driver.EndStep(results => FakeRanks.Fail(results, 1, kind));

        Assert.Equal(kind, driver.State.EpochFault?.Kind);
        Assert.Equal(2, driver.Plans.Count);
        driver.Restart();
        driver.RunToEnd();
        Assert.Equal(FakeModel.Continue(FakeModel.Prompt(16), 6), driver.TextOf(first));
        Assert.Equal(FakeModel.Continue(FakeModel.Prompt(16, 1), 6), driver.TextOf(second));
        driver.AssertNothingHeld();
    }

    [Fact]
    public void RestartInTheMiddleOfAText_ContinuesIt()
    {
        var driver = new SchedulerDriver(new StepLimits { ChunkTokens = 8, StepsInFlight = 2 });
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
        var driver = new SchedulerDriver();
        driver.Submit(20, 5);
        var result = new StepResult(1, 1, 0, [], null, default);
        foreach (var strange in new[] { result with { Epoch = 2 }, result with { Step = 9 }, result with { Rank = 2 },
            result with { Rank = -1 } })
        {
            Assert.Same(driver.State, driver.State.Record(strange).State);
        }
    }
}
