using AkkaCp.Pipeline.Steps;
using Xunit;

namespace AkkaCp.Scheduling.Tests;

/// <summary>Prompts are cut to the time that a step may take, where somebody waits for it.</summary>
public class StepTargetTests
{
    private static readonly TimeSpan s_target = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan s_soon = TimeSpan.FromMilliseconds(20);

    [Theory]
    [InlineData(1500)]
    [InlineData(900)]
    [InlineData(3000)]
    public void LongPromptBesideAStream_KeepsTheTimeBetweenItsTokens(int speed)
    {
        var driver = Driver(speed, steps: 2);
        var stream = driver.Submit(10, 2000);
        driver.EndStep();
        driver.Submit(30_000, 1, salt: 3);
        while (driver.State.RunningCount > 1)
            driver.EndStep();

        // A token comes between two steps with chunks, of which one is inside at a time. Until something is measured chunks are the least.
        var steps = driver.Plans.Where(plan => plan.Requests.Any(share => share.SequenceId == 2)).ToList();
        Assert.All(steps, plan => Assert.True(TimeOf(plan, speed) <= 1.5 * s_target, $"{TimeOf(plan, speed)}"));
        Assert.DoesNotContain(steps, plan => steps.Contains(driver.Plans.ElementAtOrDefault((int)plan.Step)!));
        Assert.All(steps.Skip(12).SkipLast(1), plan => Assert.InRange(TimeOf(plan, speed), 0.75 * s_target, 1.08 * s_target));
        Assert.NotEmpty(driver.TextOf(stream));
    }

    [Fact]
    public void StepsThatEndTogether_AreCutByTheirTimeTogether()
    {
        const int Speed = 900;
        var driver = Driver(Speed, steps: 2);
        driver.Submit(60_000, 1);
        driver.Submit(30_000, 1, salt: 3);
        while (driver.State.RunningCount > 1)
        {
            // The two share the machine: the older ends late, and the other right behind it.
            var both = driver.Plans.TakeLast(2).Aggregate(TimeSpan.Zero, (sum, plan) => sum + TimeOf(plan, Speed));
            driver.EndStep(results => Within(results, both - s_soon));
            driver.EndStep(results => Within(results, s_soon));
        }

        var steps = driver.Plans.Where(plan => plan.Requests.Any(share => share.SequenceId == 2)).ToList();
        Assert.All(steps.Skip(14).SkipLast(2), plan => Assert.InRange(TimeOf(plan, Speed), 0.75 * s_target, 1.08 * s_target));
    }

    [Fact]
    public void PromptWhoseStepEndsRightBehindAnother_IsTimedWithThat()
    {
        const int Speed = 900;
        var driver = Driver(Speed, steps: 2);
        driver.Submit(10, 2000);
        driver.EndStep();
        driver.Submit(10, 2000, salt: 2);
        driver.EndStep();
        driver.EndStep();
        var id = driver.Submit(100, 1, salt: 3);
        while (driver.TextOf(id).Count == 0)
        {
            var isPrompt = driver.Plans[^driver.Inside].Requests.Any(share => !share.IsDecode);
            driver.EndStep(results => Within(results, isPrompt ? s_soon : TimeSpan.FromMilliseconds(130)));
        }

        driver.Submit(30_000, 1, salt: 4);
        driver.EndStep();
        Assert.Contains(driver.Plans[^1].Requests, share => !share.IsDecode);
        Assert.True(TimeOf(driver.Plans[^1], Speed) <= s_target, $"{TimeOf(driver.Plans[^1], Speed)}");
    }

    [Fact]
    public void PromptAlone_IsNotCut()
    {
        var driver = Driver(speed: 500, steps: 1);
        driver.Submit(10_000, 1);
        driver.RunToEnd();
        Assert.Equal([2048, 2048, 2048, 2048, 1808], driver.Plans.Select(plan => plan.Requests.Sum(share => share.Tokens.Length)).Take(5));
    }

    [Fact]
    public void ShortPromptBesideALongOne_WaitsForThreeTargetsAtMost()
    {
        const int Speed = 800;
        var driver = Driver(Speed, steps: 2);
        driver.Submit(60_000, 1);
        driver.Submit(100, 1, salt: 1);
        for (var i = 0; i < 8; i++)
            driver.EndStep();
        driver.Submit(60_000, 1, salt: 2);
        for (var i = 0; i < 8; i++)
            driver.EndStep();

        var planned = driver.Plans.Count - driver.Inside;
        var id = driver.Submit(100, 1, salt: 4);
        while (driver.TextOf(id).Count == 0)
            driver.EndStep();
        var waited = driver.Plans.Skip(planned).SkipLast(driver.Inside).Aggregate(TimeSpan.Zero, (sum, plan) => sum + TimeOf(plan, Speed));
        Assert.True(waited <= 3 * s_target, $"{waited}");
    }

    [Fact]
    public void SlowRanks_GetNoFewerThan64Tokens()
    {
        var driver = Driver(speed: 20, steps: 1);
        driver.Submit(10, 500);
        driver.EndStep();
        driver.Submit(1000, 1, salt: 3);
        for (var i = 0; i < 10; i++)
            driver.EndStep();
        Assert.All(driver.Plans.Skip(2).Take(8), plan => Assert.Contains(plan.Requests, share => share.Tokens.Length == 64));
    }

    [Fact]
    public void AttentionOverALongContext_IsPartOfTheTime()
    {
        // A prompt whose begin is cached, 40 000 tokens in front of its first chunk: six times the work of one without.
        var driver = Driver(speed: 1000, steps: 1);
        driver.Submit(40_000, 1, tokens: FakeModel.Prompt(40_000));
        driver.RunToEnd();
        driver.Submit(10, 500, salt: 9);
        driver.EndStep();
        driver.Submit(4000, 1, salt: 5);
        for (var i = 0; i < 6; i++)
            driver.EndStep();
        driver.Submit(44_000, 1, tokens: [.. FakeModel.Prompt(40_000), .. FakeModel.Prompt(4000, 7)]);
        while (driver.State.RunningCount > 1)
            driver.EndStep();

        var first = driver.Plans.First(plan => plan.Requests.Any(share => share is { SequenceId: 4, Start: not null }));
        Assert.True(first.Requests.Single(share => share.SequenceId == 4).Prefix > 39_000);
        Assert.True(TimeOf(first, 1000) <= 1.2 * s_target, $"{TimeOf(first, 1000)}");
    }

    private static IReadOnlyList<StepResult> Within(IReadOnlyList<StepResult> results, TimeSpan time) =>
        [.. results.Select(result => result with { Stats = result.Stats with { Elapsed = time } })];

    private static SchedulerDriver Driver(int speed, int steps)
    {
        var driver = new SchedulerDriver(
            new StepLimits { StepTarget = s_target, StepsInFlight = steps }, world: 1, cp: 1, kvBlocks: 10_000);
        driver.Ranks.TimeOf = plan => TimeOf(plan, speed);
        return driver;
    }

    /// <summary>A machine that computes so many tokens a second, at a context of 8192 half of it, and 20 ms for the weights.</summary>
    private static TimeSpan TimeOf(StepPlan plan, int speed) => TimeSpan.FromMilliseconds(20) + TimeSpan.FromSeconds(
        plan.Requests.Sum(share => share.Tokens.Length * (1 + ((share.Prefix + (share.Tokens.Length / 2.0)) / 8192))) / speed);
}
