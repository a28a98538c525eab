using AkkaCp.Scheduling.Requests;
using Xunit;

namespace AkkaCp.Scheduling.Tests;

public class StepCompletionTests
{
    [Fact]
    public void ResultThatComesBehindALaterSteps_EndsNoRequestEarly()
    {
        var driver = new SchedulerDriver(new StepLimits { ChunkTokens = 8, MaxStepTokens = 9, MaxRunning = 4, StepsInFlight = 2 });
        var id = driver.Submit(16, 5);
        Assert.Equal(2, driver.Inside);
        driver.EndStepsBackwards();
        Assert.Equal([0, 8, 16], driver.RepliesTo(id).OfType<GenerationProtocol.Progress>().Select(progress => progress.Processed));
        driver.RunToEnd();
        Assert.Equal(FakeModel.Continue(FakeModel.Prompt(16), 5), driver.TextOf(id));
        Assert.Equal(2, driver.Replies.OfType<GenerationProtocol.Progress>().Count(progress => progress.Processed > 0));
        driver.AssertNothingHeld();
    }
}
