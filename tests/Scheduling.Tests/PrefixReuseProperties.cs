using System.Collections.Immutable;
using AkkaCp.Pipeline.Steps;
using AkkaCp.Scheduling.Requests;
using CsCheck;
using Xunit;

namespace AkkaCp.Scheduling.Tests;

/// <summary>
/// Conversations that go on, branch anywhere and come again under two salts, among cancels and faults. <see cref="FakeRanks"/> reads what
/// blocks hold, so a wrong one under a request gives a wrong text; it knows what steps have ended well, who holds each block, and
/// that nobody writes into one that is shared.
/// </summary>
public class PrefixReuseProperties
{
    private static readonly Gen<StepLimits> s_limits =
        from chunk in Gen.Int[0, 40]
        from step in Gen.Int[40, 90]
        from running in Gen.Int[1, 8]
        from inFlight in Gen.Int[1, 4]
        select new StepLimits { ChunkTokens = chunk, MaxStepTokens = step, MaxRunning = running, StepsInFlight = inFlight };

    private static readonly Gen<(int Kind, int A, int B)[]> s_events =
        Gen.Select(Gen.Int[0, 99], Gen.Int[0, 1000], Gen.Int[0, 30]).Array[1, 150];

    [Fact]
    public void AnyConversations_GetTheirTextsFromAnyBlocks()
    {
        var random = new PCG(1, 4711);
        var cases = Gen.Select(s_limits, s_events, Gen.Int[1, 3], Gen.Int[4, 60]);
        var (reused, computed) = (0L, 0L);
        for (var i = 0; i < 400; i++)
        {
            var (limits, events, cp, blocks) = cases.Generate(random, null, out _);
            var exception = Record.Exception(() =>
            {
                var driver = Play(limits, events, cp, blocks);
                reused += driver.Ranks.Reused;
                computed += driver.Plans.Sum(plan => plan.Requests.Sum(share => share.Tokens.Length));
            });
            Assert.True(exception is null, $"case {i}: {limits}, cp {cp}, {blocks} blocks, {events.Length} events: {exception}");
        }

        Assert.True(reused > computed / 10, $"{reused} tokens reused, {computed} computed");
    }

    private static SchedulerDriver Play(StepLimits limits, (int Kind, int A, int B)[] events, int cp, int blocks)
    {
        var driver = new SchedulerDriver(limits, world: cp, cp: cp, kvBlocks: blocks, blockSize: 8, context: 200);
        var requests = new List<GenerationProtocol.Submit>();
        foreach (var (kind, a, b) in events)
        {
            if (kind < 45)
                requests.Add(Submit(driver, requests, kind, a, b));
            else if (kind < 50 && requests.Count > 0)
                driver.Apply(driver.State.Cancel(requests[a % requests.Count].RequestId));
            else if (driver.Inside > 0)
                EndOneStep(driver, kind, a);
        }

        while (driver.Inside > 0)
            EndOneStep(driver, kind: 60, 0);
        foreach (var request in requests)
            Check(driver, request);
        driver.AssertNothingHeld();
        return driver;
    }

    /// <summary>Something new, or what an earlier request knew, cut anywhere, and something behind it.</summary>
    private static GenerationProtocol.Submit Submit(
        SchedulerDriver driver, List<GenerationProtocol.Submit> requests, int kind, int a, int b)
    {
        ImmutableArray<int> tokens = [.. FakeModel.Prompt(1 + (a % 60), kind % 3)];
        if (kind >= 10 && requests.Count > 0)
        {
            var earlier = requests[a % requests.Count];
            ImmutableArray<int> known = [.. earlier.Tokens, .. driver.TextOf(earlier.RequestId)];
            tokens = [.. known.Take(kind < 30 ? known.Length : a % known.Length), .. FakeModel.Prompt(1 + (b % 20), a)];
        }

        var request = driver.Request(tokens.Length, b, tokens: [.. tokens]) with
        {
            CacheSalt = kind % 5 == 0 ? "other" : "",
            AllLogits = kind % 7 == 0,
        };
        driver.Apply(driver.State.Submit(request));
        return request;
    }

    private static void EndOneStep(SchedulerDriver driver, int kind, int a)
    {
        var rank = a % driver.Limits.WorldSize;
        if (kind == 99)
            driver.Apply(driver.State.LoseEpoch(new PipelineFault(FaultKind.RankLost, "RankPipeline", -1, rank, 1, "gone")));
        else if (kind > 95)
            driver.EndStep(results => Fail(results, rank, kind));
        else
            driver.EndStep();
        if (driver.State.NeedsNewEpoch)
            driver.Restart();
    }

    /// <summary>A peer is lost, or every rank's stage fails: that leaves the ranks together.</summary>
    private static IReadOnlyList<StepResult> Fail(IReadOnlyList<StepResult> results, int rank, int kind) => kind == 98
        ? FakeRanks.Fail(results, rank, FaultKind.PeerLost)
        :
        [
            .. results.Select(result => result with
            {
                Samples = [],
                Fault = new PipelineFault(FaultKind.StageFailed, "Moe", 3, result.Rank, result.Step, "broken"),
            }),
        ];

    private static void Check(SchedulerDriver driver, GenerationProtocol.Submit request)
    {
        var replies = driver.RepliesTo(request.RequestId);
        Assert.Single(replies, reply => reply.IsTerminal);
        var text = driver.TextOf(request.RequestId);
        Assert.Equal(FakeModel.Continue([.. request.Tokens], text.Count), text);
        if (replies[^1] is GenerationProtocol.Completed { Reason: CompletionReason.Length } completed)
        {
            var limit = (int)Math.Min(Math.Min(request.Tokens.Length + request.MaxNewTokens, 200), driver.Limits.PoolTokens + 1);
            Assert.Equal(limit - request.Tokens.Length, text.Count);
            Assert.InRange(completed.Placement.CachedTokens, 0, request.AllLogits ? 0 : request.Tokens.Length - 1);
        }
    }
}
