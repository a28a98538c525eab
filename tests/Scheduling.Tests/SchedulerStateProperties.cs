using AkkaCp.Pipeline.Steps;
using AkkaCp.Scheduling.Requests;
using CsCheck;
using Xunit;

namespace AkkaCp.Scheduling.Tests;

/// <summary>
/// Random events in random order. <see cref="FakeRanks"/> asserts of every plan that positions are contiguous and no block has two
/// owners; here: exactly one terminal reply per request, the right text, and nothing held at the end.
/// </summary>
public class SchedulerStateProperties
{
    private static readonly Gen<StepLimits> s_limits =
        from chunk in Gen.Int[0, 24]
        from step in Gen.Int[24, 64]
        from running in Gen.Int[1, 8]
        from queue in Gen.Int[1, 10]
        from inFlight in Gen.Int[1, 4]
        select new StepLimits
        {
            ChunkTokens = chunk,
            MaxStepTokens = step,
            MaxRunning = running,
            QueueLimit = queue,
            StepsInFlight = inFlight,
        };

    private static readonly Gen<(int Kind, int A, int B)[]> s_events =
        Gen.Select(Gen.Int[0, 99], Gen.Int[1, 150], Gen.Int[0, 60]).Array[1, 120];

    [Fact]
    public void AnyEvents_GiveEachRequestOneTerminalReplyAndHoldNothing()
    {
        // One generator with a fixed seed: the same cases in every run, the failing one named by its number.
        var random = new PCG(1, 2168);
        var cases = Gen.Select(s_limits, s_events, Gen.Int[1, 3], Gen.Int[4, 40], Gen.Int[0, 40]);
        for (var i = 0; i < 500; i++)
        {
            var (limits, events, cp, blocks, ahead) = cases.Generate(random, null, out _);
            var exception = Record.Exception(() => Play(limits, events, cp, blocks, ahead));
            Assert.True(
                exception is null,
                $"case {i}: {limits}, cp {cp}, {blocks} blocks, {ahead} ahead, {events.Length} events: {exception}");
        }
    }

    private static void Play(StepLimits limits, (int Kind, int A, int B)[] events, int cp, int blocks, int ahead)
    {
        var driver = new SchedulerDriver(limits, world: cp * 2, cp: cp, kvBlocks: blocks, blockSize: 16, context: 140, ahead: ahead);
        var submitted = new List<(Guid Id, int Prompt, int MaxNew, int Salt)>();
        foreach (var (kind, a, b) in events)
        {
            if (kind < 40)
                submitted.Add((driver.Submit(a, b, salt: kind, key: b % 3 == 0 ? "a" : "b"), a, b, kind));
            else if (kind < 50 && submitted.Count > 0)
                driver.Apply(driver.State.Cancel(submitted[a % submitted.Count].Id));
            else if (driver.Inside > 0)
                EndOneStep(driver, kind, a);
        }

        while (driver.Inside > 0)
            EndOneStep(driver, kind: 60, 0);
        foreach (var request in submitted)
            CheckReplies(driver, request);
        driver.AssertNothingHeld();
    }

    private static void EndOneStep(SchedulerDriver driver, int kind, int a)
    {
        var rank = a % driver.Limits.WorldSize;
        if (kind == 99)
            driver.Apply(driver.State.LoseEpoch(new PipelineFault(FaultKind.RankLost, "RankPipeline", -1, rank, 1, "gone")));
        else if (kind > 92)
            driver.EndStep(results => FakeRanks.Fail(results, rank, kind > 95 ? FaultKind.PeerLost : FaultKind.StageFailed));
        else
            driver.EndStep();
        if (driver.State.NeedsNewEpoch)
            driver.Restart();
    }

    private static void CheckReplies(SchedulerDriver driver, (Guid Id, int Prompt, int MaxNew, int Salt) request)
    {
        var replies = driver.RepliesTo(request.Id);
        Assert.Single(replies, reply => reply.IsTerminal);
        Assert.True(replies[^1].IsTerminal);
        var text = driver.TextOf(request.Id);
        Assert.Equal(FakeModel.Continue(FakeModel.Prompt(request.Prompt, request.Salt), text.Count), text);
        Assert.Equal(
            Enumerable.Range(request.Prompt, text.Count),
            replies.OfType<GenerationProtocol.TokenGenerated>().Select(reply => reply.Position));
        if (replies[^1] is GenerationProtocol.Completed { Reason: CompletionReason.Length })
        {
            var limit = Math.Min(Math.Min(request.Prompt + request.MaxNew, 140), ((driver.Limits.KvBlocks - 1) * 16) + 1);
            Assert.Equal(limit - request.Prompt, text.Count);
        }
    }
}
