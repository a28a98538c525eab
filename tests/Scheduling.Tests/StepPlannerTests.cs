using AkkaCp.Pipeline.Partition;
using AkkaCp.Pipeline.Steps;
using Xunit;

namespace AkkaCp.Scheduling.Tests;

public class StepPlannerTests
{
    /// <summary>Prompts, settings, and the shares (request:tokens, d for decode) of the first steps.</summary>
    public static TheoryData<int[], StepLimits, string[]> Tables => new()
    {
        { [5], Settings(chunk: 0), ["1:5", "1:d"] },
        { [40], Settings(chunk: 16), ["1:16", "1:16", "1:8", "1:d"] },
        { [16], Settings(chunk: 16), ["1:16", "1:d", "1:d"] },

        // The least left goes first; what remains of the step's tokens goes to the next.
        { [40, 5], Settings(chunk: 16, step: 20), ["2:5 1:15", "2:d 1:16", "2:d 1:9", "1:d 2:d"] },
        { [5, 6, 7], Settings(chunk: 0, step: 100), ["1:5 2:6 3:7", "1:d 2:d 3:d"] },

        // Without chunks a prompt is never cut: one longer than a step has a step of its own, a later one must fit.
        { [50], Settings(chunk: 0, step: 20), ["1:50", "1:d"] },
        { [50, 30], Settings(chunk: 0, step: 40), ["2:30", "2:d 1:50", "1:d 2:d"] },
    };

    [Theory]
    [MemberData(nameof(Tables), DisableDiscoveryEnumeration = true)]
    public void Prompts_AreLaidInSteps(int[] prompts, StepLimits limits, string[] expected)
    {
        var driver = new SchedulerDriver(limits with { StepsInFlight = 1 }, prefixCache: false);
        SubmitTogether(driver, prompts);
        while (driver.Plans.Count < expected.Length + driver.Plans.Count(IsWarmUp))
            driver.EndStep();
        Assert.Equal(expected, driver.Plans.Where(plan => !IsWarmUp(plan)).Take(expected.Length).Select(Describe));
    }

    [Fact]
    public void NextChunk_IsPlannedWhileThePreviousIsInside_ButNoTokenBeforeItsPredecessor()
    {
        var driver = new SchedulerDriver(Settings(chunk: 16) with { StepsInFlight = 2 });
        driver.Submit(32, 4);
        Assert.Equal(["1:16", "1:16"], driver.Plans.Select(Describe));
        driver.EndStep();
        Assert.Equal(2, driver.Plans.Count);
        driver.EndStep();
        Assert.Equal("1:d", Describe(driver.Plans[2]));
        Assert.Equal(1, driver.Inside);
    }

    [Fact]
    public void StepThatNotAllRanksHaveTaken_HoldsTheNextBack()
    {
        var driver = new SchedulerDriver(Settings(chunk: 16) with { StepsInFlight = 4 });
        var state = driver.State.Submit(driver.Request(64, 4)).State;
        (var planned, var plan) = StepPlanner.PlanStep(state);
        Assert.NotNull(plan);
        state = planned.State.Accept(1, 1, 0);
        Assert.Null(StepPlanner.PlanStep(state).Plan);
        state = state.Accept(1, 1, 1);
        Assert.NotNull(StepPlanner.PlanStep(state).Plan);
    }

    [Fact]
    public void ShortPromptBehindAVeryLongOne_GetsItsFirstTokenWithinThreeSteps()
    {
        var driver = new SchedulerDriver(kvBlocks: 10_000);
        driver.Submit(100_000, 10);
        driver.EndStep();
        var planned = driver.Plans.Count;
        var id = driver.Submit(100, 10);
        while (driver.TextOf(id).Count == 0)
            driver.EndStep();
        Assert.InRange(driver.Plans.Count - planned, 1, driver.Limits.Steps.StepsInFlight + 1);
    }

    [Fact]
    public void LongPromptUnderAFloodOfShortOnes_StillAdvances()
    {
        // Each step a new prompt takes all of its 64 tokens; the long one (640) would wait for ever without ageing.
        var driver = new SchedulerDriver(Settings(chunk: 64, step: 64, running: 32) with { StepsInFlight = 1 }, prefixCache: false);
        driver.Submit(640, 0);
        var longest = 0;
        var since = 0;
        for (var i = 0; i < 200 && driver.State.Running.ContainsKey(1); i++)
        {
            driver.Submit(64, 0);
            var plan = driver.EndStep();
            since = plan.Requests.Any(share => share.SequenceId == 1) ? 0 : since + 1;
            longest = Math.Max(longest, since);
        }

        Assert.False(driver.State.Running.ContainsKey(1));
        Assert.InRange(longest, 1, 24);
    }

    [Fact]
    public void DecodeRows_RunInEveryStepBesideALongPrompt()
    {
        var driver = new SchedulerDriver(Settings(chunk: 16, step: 32) with { StepsInFlight = 1 });
        driver.Submit(4, 50);
        driver.EndStep();
        driver.Submit(400, 1);
        for (var i = 0; i < 20; i++)
            Assert.Contains(driver.EndStep().Requests, share => share is { SequenceId: 1, IsDecode: true });
    }

    [Fact]
    public void Placement_FollowsThePolicy()
    {
        var driver = new SchedulerDriver(Settings(chunk: 0) with { StepsInFlight = 1 }, policy: new CpPolicySettings { MinTokens = 20 });
        driver.Submit(30, 5);
        Assert.Equal(PlacementKind.Split, driver.Plans[0].Requests[0].Placement.Kind);
        driver.EndStep();
        Assert.Equal(PlacementKind.Replicated, driver.Plans[1].Requests[0].Placement.Kind);
        driver.Submit(6, 5);
        driver.EndStep();
        Assert.Equal([PlacementKind.Dealt, PlacementKind.Dealt], driver.Plans[2].Requests.Select(share => share.Placement.Kind));
    }

    [Fact]
    public void SameEvents_GiveTheSamePlans()
    {
        static IEnumerable<string> Run()
        {
            var driver = new SchedulerDriver(Settings(chunk: 7, step: 30));
            for (var i = 0; i < 12; i++)
            {
                driver.Submit(3 + (11 * i % 50), 1 + (i % 5), salt: i);
                if (i % 3 == 0)
                    driver.EndStep();
            }

            driver.RunToEnd();
            return driver.Plans.Select(
                plan => $"{Describe(plan)} / {string.Join(" ", plan.Requests.SelectMany(share => share.NewBlocks))}");
        }

        Assert.Equal(Run(), Run());
    }

    private static StepLimits Settings(int chunk, int step = 4096, int running = 16) =>
        new() { ChunkTokens = chunk, MaxStepTokens = step, MaxRunning = running };

    /// <summary>All prompts arrive while one step of an earlier request is inside, so that the next step sees them together.</summary>
    private static void SubmitTogether(SchedulerDriver driver, int[] prompts)
    {
        driver.Submit(1, 0);
        foreach (var prompt in prompts)
            driver.Submit(prompt, 100);
    }

    private static bool IsWarmUp(StepPlan plan) => plan.Requests.Any(share => share.SequenceId == 1);

    private static string Describe(StepPlan plan)
    {
        var first = plan.Requests.Any(share => share.SequenceId == 1) || plan.Requests.Length == 0 ? 0 : 1;
        return string.Join(
            " ", plan.Requests.Select(share => $"{share.SequenceId - first}:{(share.IsDecode ? "d" : share.Tokens.Length)}"));
    }
}
