using AkkaCp.Scheduling.Requests;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Scheduling.Tests;

/// <summary>Requests are given KV block by block, and the youngest goes back when none is left.</summary>
public class KvGrowthTests
{
    private const int MaxNew = 600;

    [Fact]
    public void LongAnswers_BeginTogetherInAPoolThatHoldsHalfOfThem()
    {
        // 85 blocks of 128 tokens: what 1 GiB holds of a model with 30 billion parameters.
        var driver = new SchedulerDriver(new StepLimits { StepsInFlight = 1 }, kvBlocks: 86, blockSize: 128, prefixCache: false);
        var ids = Enumerable.Range(0, 32).Select(salt => driver.Submit(40, MaxNew, salt: salt)).ToList();
        driver.EndStep();
        Assert.Equal((32, 0), (driver.State.RunningCount, driver.State.QueuedCount));

        driver.RunToEnd();
        Assert.All(ids, id => Assert.IsType<GenerationProtocol.Completed>(driver.TerminalOf(id)));
        for (var salt = 0; salt < ids.Count; salt++)
            Assert.Equal(FakeModel.Continue(FakeModel.Prompt(40, salt), MaxNew), driver.TextOf(ids[salt]));
        driver.AssertNothingHeld();
    }

    [Fact]
    public void Youngest_IsPutBackAndGoesOnFromItsCachedBlocks()
    {
        // 8 blocks: 3 + 3 at first, then one each in turn; the older one takes its ninth from the younger.
        var driver = new SchedulerDriver(kvBlocks: 9, blockSize: 16, ahead: 16);
        var (older, younger) = (driver.Submit(32, 80), driver.Submit(32, 80, salt: 5));
        while (driver.State.QueuedCount == 0)
            driver.EndStep();

        var putBack = Assert.Single(driver.State.Queue.Requests);
        Assert.Equal((younger, 1), (putBack.Submit.RequestId, driver.State.PutBacks));
        var computed = driver.TextOf(younger).Count + 31;
        driver.RunToEnd();
        Assert.Equal(FakeModel.Continue(FakeModel.Prompt(32), 80), driver.TextOf(older));
        Assert.Equal(FakeModel.Continue(FakeModel.Prompt(32, 5), 80), driver.TextOf(younger));

        // While it waited the older one took its blocks, the first cached at last.
        var start = driver.Plans.SelectMany(plan => plan.Requests).Last(share => share.Start is not null);
        Assert.InRange(start.Prefix, 16, computed);
        Assert.Equal(32, Assert.IsType<GenerationProtocol.Completed>(driver.TerminalOf(younger)).Placement.RowsPerRank.Sum()
            - (driver.TextOf(younger).Count - 80) - Recomputed(driver, putBack.SequenceId));
        driver.AssertNothingHeld();
    }

    [Fact]
    public void PromptInsideTheRanks_IsPutBackWhenItsChunksAreOut()
    {
        // The first grows into what the second, whose prompt is long, holds.
        var driver = new SchedulerDriver(
            new StepLimits { ChunkTokens = 2, StepsInFlight = 2 }, kvBlocks: 12, blockSize: 16, ahead: 0, prefixCache: false);
        var first = driver.Submit(16, 140);
        driver.EndStep();
        var second = driver.Submit(130, 1, salt: 3);
        driver.RunToEnd();
        Assert.Equal(140, driver.TextOf(first).Count);
        Assert.Equal(FakeModel.Continue(FakeModel.Prompt(130, 3), 1), driver.TextOf(second));
        Assert.True(driver.Plans.SelectMany(plan => plan.Requests).Count(share => share is { SequenceId: 2, Start: not null }) > 1);
        driver.AssertNothingHeld();
    }

    [Fact]
    public void RequestThatWasPutBack_IsNotOvertaken()
    {
        var driver = new SchedulerDriver(kvBlocks: 9, blockSize: 16, ahead: 16);
        driver.Submit(32, 90);
        driver.Submit(32, 80, salt: 5);
        while (driver.State.QueuedCount == 0)
            driver.EndStep();
        driver.Submit(1, 1, salt: 9);
        driver.RunToEnd();

        long LastStart(long id) =>
            driver.Plans.Last(plan => plan.Requests.Any(share => share.SequenceId == id && share.Start is not null)).Step;
        Assert.True(LastStart(3) >= LastStart(2));
    }

    [Fact]
    public void CancelledWhilePutBack_SaysSoOnce()
    {
        var driver = new SchedulerDriver(kvBlocks: 9, blockSize: 16, ahead: 16);
        driver.Submit(32, 80);
        var younger = driver.Submit(32, 80, salt: 5);
        while (driver.State.QueuedCount == 0)
            driver.EndStep();
        driver.Apply(driver.State.Cancel(younger));
        Assert.Equal(CompletionReason.Cancelled, Assert.IsType<GenerationProtocol.Completed>(driver.TerminalOf(younger)).Reason);
        driver.RunToEnd();
        driver.AssertNothingHeld();
    }

    [Theory]
    [InlineData(1UL)]
    [InlineData(2UL)]
    [InlineData(3UL)]
    public void TightPool_EndsEveryRequestWithItsText(ulong seed)
    {
        var rng = new Rng(seed);
        for (var i = 0; i < 60; i++)
        {
            var driver = new SchedulerDriver(
                new StepLimits { ChunkTokens = rng.Next(24), MaxStepTokens = 64, StepsInFlight = 1 + rng.Next(3) },
                kvBlocks: 12 + rng.Next(20), blockSize: 16, ahead: rng.Next(40), prefixCache: rng.Next(2) > 0);
            var requests = Enumerable.Range(0, 12).Select(salt => (Length: 1 + rng.Next(100), New: rng.Next(90), Salt: salt)).ToList();
            var ids = new List<Guid>();
            foreach (var (length, count, salt) in requests)
            {
                ids.Add(driver.Submit(length, count, salt: salt % 5));
                if (driver.Inside > 0 && rng.Next(2) > 0)
                    driver.EndStep();
            }

            driver.RunToEnd();
            for (var k = 0; k < ids.Count; k++)
            {
                var (length, count, salt) = requests[k];
                var limit = Math.Min(count, ((driver.Limits.KvBlocks - 1) * 16) + 1 - length);
                Assert.Equal(FakeModel.Continue(FakeModel.Prompt(length, salt % 5), limit), driver.TextOf(ids[k]));
                Assert.IsType<GenerationProtocol.Completed>(driver.TerminalOf(ids[k]));
            }

            driver.AssertNothingHeld();
        }
    }

    private static int Recomputed(SchedulerDriver driver, long sequenceId) => driver.Plans.SelectMany(plan => plan.Requests)
        .Where(share => share.SequenceId == sequenceId && !share.IsDecode).Sum(share => share.Tokens.Length) - 32;
}
