using AkkaCp.Pipeline.Steps;
using AkkaCp.Scheduling.Requests;
using Xunit;

namespace AkkaCp.Scheduling.Tests;

/// <summary>Which blocks requests share, and when they do not.</summary>
public class PrefixReuseTests
{
    [Fact]
    public void SecondTurn_ComputesItsNewTokensAndAtMostOneBlock()
    {
        var driver = new SchedulerDriver();
        var turn = Ask(driver, FakeModel.Prompt(100), 30);
        var answer = driver.TextOf(turn.RequestId);
        var next = Ask(driver, [.. turn.Tokens, .. answer, .. FakeModel.Prompt(20, 5)], 10);

        // The last token of the answer was never run: 129 tokens are there, 8 blocks of 16.
        Assert.Equal((128, 22), PrefixAndTokens(driver, 2));
        Assert.Equal(FakeModel.Continue([.. next.Tokens], 10), driver.TextOf(next.RequestId));
        Assert.Equal(128, driver.State.CachedTokens);
        driver.AssertNothingHeld();
    }

    [Fact]
    public void ReusedTokens_AreWhereProgressStartsAndCountInThePlacement()
    {
        var driver = new SchedulerDriver(new StepLimits { ChunkTokens = 16 });
        Ask(driver, FakeModel.Prompt(60), 2);
        var again = Ask(driver, FakeModel.Prompt(60), 2);

        var replies = driver.RepliesTo(again.RequestId);
        Assert.Equal([48, 60], replies.OfType<GenerationProtocol.Progress>().Select(progress => progress.Processed));
        var placement = Assert.IsType<GenerationProtocol.Completed>(replies[^1]).Placement;
        Assert.Equal((48, 12), (placement.CachedTokens, placement.RowsPerRank.Sum()));
    }

    [Theory]
    [InlineData(40, 32)]
    [InlineData(32, 32)]
    [InlineData(15, 0)]
    public void Branch_SharesTheWholeBlocksInFrontOfIt(int common, int reused)
    {
        var driver = new SchedulerDriver();
        Ask(driver, FakeModel.Prompt(70), 5);
        var branch = Ask(driver, [.. FakeModel.Prompt(common), .. FakeModel.Prompt(30, 500)], 5);
        Assert.Equal((reused, common + 30 - reused), PrefixAndTokens(driver, 2));
        Assert.Equal(FakeModel.Continue([.. branch.Tokens], 5), driver.TextOf(branch.RequestId));
    }

    [Fact]
    public void BranchesThatRunTogether_ShareWhatIsThere()
    {
        var driver = new SchedulerDriver();
        Ask(driver, FakeModel.Prompt(64), 1);
        var branches = Enumerable.Range(0, 4).Select(salt => Submit(driver, [.. FakeModel.Prompt(64), .. FakeModel.Prompt(9, salt)], 9))
            .ToList();
        Assert.Equal(64 / 16, driver.State.Running.Values.SelectMany(request => request.Blocks).GroupBy(block => block)
            .Count(block => block.Count() == 4));
        driver.RunToEnd();
        Assert.All(branches, one => Assert.Equal(FakeModel.Continue([.. one.Tokens], 9), driver.TextOf(one.RequestId)));
        driver.AssertNothingHeld();
    }

    [Theory]
    [InlineData(33, 32)]
    [InlineData(32, 16)]
    [InlineData(16, 0)]
    public void PromptThatIsThereAsAWhole_ComputesItsLastTokens(int length, int reused)
    {
        var driver = new SchedulerDriver();
        Ask(driver, FakeModel.Prompt(length), 3);
        Ask(driver, FakeModel.Prompt(length), 3);
        Assert.Equal((reused, length - reused), PrefixAndTokens(driver, 2));
    }

    [Fact]
    public void OtherSalt_SharesNothing()
    {
        var driver = new SchedulerDriver();
        Ask(driver, FakeModel.Prompt(64), 20, salt: "a");
        foreach (var salt in new[] { "b", "", "A", "a\0" })
            Ask(driver, FakeModel.Prompt(64), 20, salt);
        Assert.Equal(0, driver.Ranks.Reused);
        Ask(driver, FakeModel.Prompt(64), 20, salt: "a");
        Assert.Equal(48, driver.Ranks.Reused);
    }

    [Fact]
    public void AllLogits_AreOfRowsThatRun_AndLeaveTheirBlocksToOthers()
    {
        var driver = new SchedulerDriver();
        Ask(driver, FakeModel.Prompt(64), 0, allLogits: true);
        Ask(driver, FakeModel.Prompt(64), 0, allLogits: true);
        Assert.Equal((0, 64), PrefixAndTokens(driver, 2));
        Ask(driver, FakeModel.Prompt(64), 1);
        Assert.Equal((48, 16), PrefixAndTokens(driver, 3));
    }

    [Fact]
    public void SwitchedOff_NothingIsShared()
    {
        var driver = new SchedulerDriver(prefixCache: false);
        Ask(driver, FakeModel.Prompt(64), 5);
        Ask(driver, FakeModel.Prompt(64), 5);
        Assert.Equal((0, 64), PrefixAndTokens(driver, 2));
        Assert.Equal(0, driver.State.CachedTokens);
    }

    [Fact]
    public void RequestThatWaitedForItsFirstStep_SharesWhatWasComputedMeanwhile()
    {
        var driver = new SchedulerDriver(new StepLimits { ChunkTokens = 16, MaxStepTokens = 16, MaxRunning = 4, StepsInFlight = 1 });
        Submit(driver, FakeModel.Prompt(64), 2);
        Submit(driver, FakeModel.Prompt(64), 2);
        driver.RunToEnd();
        Assert.Equal((32, 32), PrefixAndTokens(driver, 2));
    }

    [Fact]
    public void BlockOfAStepThatIsInside_IsNotShared()
    {
        var driver = new SchedulerDriver(new StepLimits { ChunkTokens = 32, StepsInFlight = 2 });
        Submit(driver, FakeModel.Prompt(64), 2);
        Submit(driver, FakeModel.Prompt(64), 2);
        driver.EndStep();
        driver.RunToEnd();
        Assert.Equal(32, PrefixAndTokens(driver, 2).Prefix);
    }

    [Fact]
    public void PenaltiesCountReusedTokens_OthersNeedNotHearOfThem()
    {
        var driver = new SchedulerDriver();
        Ask(driver, FakeModel.Prompt(40), 2);
        foreach (var penalty in new[] { 0, 0.5f })
        {
            var request = driver.Request(40, 2);
            driver.Apply(driver.State.Submit(request with { Sampling = request.Sampling with { FrequencyPenalty = penalty } }));
            driver.RunToEnd();
        }

        Assert.Empty(StartOf(driver, 2).Start!.Seen);
        Assert.Equal(FakeModel.Prompt(32), StartOf(driver, 3).Start!.Seen);
    }

    [Theory]
    [InlineData(FaultKind.StageFailed)]
    [InlineData(FaultKind.NonFiniteLogits)]
    public void FailedRequest_LeavesNothingToShare_NotEvenWhatItShared(FaultKind kind)
    {
        var driver = new SchedulerDriver(new StepLimits { ChunkTokens = 32, StepsInFlight = 1 }, world: 1, cp: 1);
        Ask(driver, FakeModel.Prompt(32), 1);
        Submit(driver, FakeModel.Prompt(70), 2);
        driver.EndStep();
        driver.EndStep(results => kind == FaultKind.StageFailed ? FakeRanks.Fail(results, 0, kind) :
        [
            .. results.Select(result => result with
            {
                Samples = [new RequestSample(2, null, new PipelineFault(kind, "Sample", -1, 0, result.Step, "NaN"))],
            }),
        ]);
        driver.RunToEnd();
        Assert.Equal(32, driver.State.CachedTokens);
        Assert.IsType<GenerationProtocol.Failed>(driver.Replies[^1]);

        var again = Ask(driver, FakeModel.Prompt(70), 2);
        Assert.Equal(0, PrefixAndTokens(driver, 3).Prefix);
        Assert.Equal(2, driver.TextOf(again.RequestId).Count);
        driver.AssertNothingHeld();
    }

    [Fact]
    public void CancelledRequest_LeavesWhatItsStepsHaveComputed()
    {
        var driver = new SchedulerDriver(new StepLimits { ChunkTokens = 16, StepsInFlight = 1 });
        var cancelled = Submit(driver, FakeModel.Prompt(64), 5);
        driver.EndStep();
        driver.EndStep();
        driver.Apply(driver.State.Cancel(cancelled.RequestId));
        driver.RunToEnd();
        Ask(driver, FakeModel.Prompt(64), 5);
        Assert.Equal(32, PrefixAndTokens(driver, 2).Prefix);
    }

    [Fact]
    public void NewEpoch_RemembersNothing()
    {
        var driver = new SchedulerDriver();
        Ask(driver, FakeModel.Prompt(64), 5);
        driver.Restart();
        Ask(driver, FakeModel.Prompt(64), 5);
        Assert.Equal(0, PrefixAndTokens(driver, 2).Prefix);
    }

    [Fact]
    public void GroupThatIsBroken_SharesNothingMore()
    {
        var driver = new SchedulerDriver();
        Ask(driver, FakeModel.Prompt(64), 5);
        driver.Take(driver.State.LoseEpoch(new PipelineFault(FaultKind.RankLost, "RankPipeline", -1, 1, 3, "gone")));
        var waiting = Submit(driver, FakeModel.Prompt(64), 5);
        Assert.Equal(0, Assert.IsType<GenerationProtocol.Progress>(Assert.Single(driver.RepliesTo(waiting.RequestId))).Processed);
        driver.Restart();
        driver.RunToEnd();
        Assert.Equal(5, driver.TextOf(waiting.RequestId).Count);
    }

    [Fact]
    public void CachedBlocks_AreRoomForOthers()
    {
        // A pool of 8 blocks, and requests of 5 that share nothing.
        var driver = new SchedulerDriver(kvBlocks: 9);
        for (var salt = 0; salt < 6; salt++)
            Ask(driver, FakeModel.Prompt(70, salt * 100), 5);
        Assert.Equal(0, driver.State.CachedTokens);
        Assert.All(driver.Replies.Where(reply => reply.IsTerminal), reply => Assert.IsType<GenerationProtocol.Completed>(reply));
        driver.AssertNothingHeld();
    }

    [Fact]
    public void SharedBlocks_LetInWhoWouldNotFitAlone_AndAreGivenUpWithTheEpoch()
    {
        // 10 blocks. Each request takes 7 at most, 5 of them shared.
        var driver = new SchedulerDriver(new StepLimits { StepsInFlight = 1 }, kvBlocks: 11);
        Ask(driver, FakeModel.Prompt(80), 1);
        var ids = Enumerable.Range(0, 3).Select(salt => Submit(driver, [.. FakeModel.Prompt(80), salt], 20).RequestId).ToList();
        Assert.Equal((2, 1), (driver.State.RunningCount, driver.State.QueuedCount));
        driver.EndStep();

        driver.Restart();
        Assert.Equal((1, 2), (driver.State.RunningCount, driver.State.QueuedCount));
        driver.RunToEnd();
        for (var salt = 0; salt < ids.Count; salt++)
            Assert.Equal(FakeModel.Continue([.. FakeModel.Prompt(80), salt], 20), driver.TextOf(ids[salt]));
        driver.AssertNothingHeld();
    }

    private static GenerationProtocol.Submit Ask(
        SchedulerDriver driver, int[] tokens, int maxNew, string salt = "", bool allLogits = false)
    {
        var request = Submit(driver, tokens, maxNew, salt, allLogits);
        driver.RunToEnd();
        return request;
    }

    private static GenerationProtocol.Submit Submit(
        SchedulerDriver driver, int[] tokens, int maxNew, string salt = "", bool allLogits = false)
    {
        var request = driver.Request(tokens.Length, maxNew, tokens: tokens) with { CacheSalt = salt, AllLogits = allLogits };
        driver.Apply(driver.State.Submit(request));
        return request;
    }

    private static StepRequest StartOf(SchedulerDriver driver, long sequenceId) =>
        driver.Plans.SelectMany(plan => plan.Requests).First(share => share.SequenceId == sequenceId);

    private static (int Prefix, int Tokens) PrefixAndTokens(SchedulerDriver driver, long sequenceId)
    {
        var prefill = driver.Plans.SelectMany(plan => plan.Requests).Where(share => share.SequenceId == sequenceId && !share.IsDecode);
        return (StartOf(driver, sequenceId).Prefix, prefill.Sum(share => share.Tokens.Length));
    }
}
