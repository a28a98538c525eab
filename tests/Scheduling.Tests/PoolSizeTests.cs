using AkkaCp.Scheduling.Requests;
using Xunit;

namespace AkkaCp.Scheduling.Tests;

/// <summary>An epoch whose pools have another size than those of the one before.</summary>
public sealed class PoolSizeTests
{
    [Fact]
    public void SmallerPool_EndsWhatItCannotHold_AndTheRestGoesOnWithTheSameText()
    {
        var driver = new SchedulerDriver(kvBlocks: 41);
        var answered = driver.Submit(200, 300);
        var short_ = driver.Submit(20, 40);
        while (driver.TextOf(answered).Count < 100)
            driver.EndStep();
        var queued = driver.Submit(310, 1);

        driver.Restart(kvBlocks: 18); // 272 tokens.
        driver.RunToEnd();

        Assert.Equal(CompletionReason.Length, ReasonOf(driver, answered));
        Assert.Equal(FakeModel.Continue(FakeModel.Prompt(200), driver.TextOf(answered).Count), driver.TextOf(answered));
        Assert.Equal(FakeModel.Continue(FakeModel.Prompt(20), 40), driver.TextOf(short_));
        var refused = Failure(driver, queued);
        Assert.Equal(FailureKind.ContextLengthExceeded, refused.Error);
        Assert.Contains("the KV pool of 272 tokens", refused.Message, StringComparison.Ordinal);
        driver.AssertNothingHeld();
    }

    [Fact]
    public void LargerPool_TakesLongerPrompts()
    {
        var driver = new SchedulerDriver(kvBlocks: 18);
        var before = driver.Submit(300, 1);
        driver.Restart(kvBlocks: 41);
        var after = driver.Submit(300, 1);
        driver.RunToEnd();

        Assert.Equal(FailureKind.ContextLengthExceeded, Failure(driver, before).Error);
        Assert.Single(driver.TextOf(after));
        driver.AssertNothingHeld();
    }

    [Fact]
    public void AnswerHandedIn_ThatIsLongerThanThePool_IsComplete()
    {
        var driver = new SchedulerDriver(kvBlocks: 18);
        var request = driver.Request(300, 50) with { PromptLength = 100 };
        driver.Apply(driver.State.Submit(request));

        Assert.Equal(CompletionReason.Length, ReasonOf(driver, request.RequestId));
    }

    private static CompletionReason ReasonOf(SchedulerDriver driver, Guid request) =>
        Assert.IsType<GenerationProtocol.Completed>(driver.TerminalOf(request)).Reason;

    private static GenerationProtocol.Failed Failure(SchedulerDriver driver, Guid request) =>
        Assert.IsType<GenerationProtocol.Failed>(driver.TerminalOf(request));
}
