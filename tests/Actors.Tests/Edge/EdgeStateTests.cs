using AkkaCp.Actors.Edge;
using AkkaCp.Actors.Protocol;
using AkkaCp.Model.Sampling;
using AkkaCp.Scheduling.Requests;
using AkkaCp.Scheduling.Tests;
using AkkaCp.Settings;
using Xunit;

namespace AkkaCp.Actors.Tests.Edge;

public class EdgeStateTests
{
    private static readonly GenerationProtocol.Submit s_request = new(
        Guid.NewGuid(), [.. FakeModel.Prompt(5)], 5, 10, SamplingOptions.Greedy, []);

    private static readonly EdgeRules s_rules = new() { WaitForCluster = 8, Limit = TimeSpan.FromSeconds(8), Asked = () => "a:1, b:2" };

    [Fact]
    public void SilentCoordinator_IsPolledThenLookedForAnew()
    {
        var edge = Taken();
        var first = edge.Tick();
        Assert.Equal([new EdgeEffect.Send(new EdgeProtocol.Poll(s_request.RequestId, 5))], first.Effects);
        Assert.Contains(new EdgeEffect.Locate(), first.State.Tick().Effects);
    }

    [Fact]
    public void NoCoordinatorAtAll_FailsInBoundedTime()
    {
        var turn = EdgeState.Begin(s_request, s_rules);
        for (var tick = 0; tick < s_rules.WaitForCluster; tick++)
            turn = turn.State.Tick();
        Assert.True(turn.State.HasEnded);
        Assert.Equal("no coordinator of a cluster answers: asked a:1, b:2, for 8 s", Failure(turn).Message);
        Assert.Equal(FailureKind.Unavailable, Failure(turn).Error);
    }

    [Theory]
    [InlineData(0.5, 1)]
    [InlineData(1, 1)]
    [InlineData(3, 3)]
    [InlineData(600, 600)]
    public void WaitForNodes_IsHowManySecondsTheEdgeWaits(double setting, int expected)
    {
        var rules = EdgeRules.Of(new ClusterSettings { WaitForNodes = TimeSpan.FromSeconds(setting) }, () => "a:1");
        foreach (var missing in new[] { null, "1 of 2 ranks have no node" })
        {
            var edge = EdgeState.Begin(s_request, rules).State.Located(isSame: false).State;
            var ticks = 0;
            for (; !edge.HasEnded; ticks++)
                edge = (missing is null ? edge : edge.Waiting(missing).State).Tick().State;
            Assert.Equal(expected, ticks);
        }
    }

    [Fact]
    public void ClientIsToldAfter2Seconds_OnceEachTimeThatItWaits()
    {
        var edge = Taken();
        var told = new List<string>();
        foreach (var missing in new[] { null, null, null, "", "1 of 2 ranks have no node", "1 of 2 ranks have no node",
            "rank 1 is loading", "" })
        {
            if (missing is not null)
                edge = edge.Waiting(missing).State;
            var turn = edge.Tick();
            edge = turn.State;
            told.AddRange(turn.Effects.OfType<EdgeEffect.Delay>().Select(delay => delay.Wait.ToString()));
        }

        Assert.Equal(
            [
                "no coordinator of a cluster answers: asked a:1, b:2; waiting for 2 s, up to 8 s (akka-cp.cluster.wait-for-nodes)",
                "the cluster has no group of ranks: 1 of 2 ranks have no node; waiting for 2 s, up to 8 s (akka-cp.cluster.wait-for-nodes)",
            ],
            told);
    }

    [Fact]
    public void CoordinatorWithAGroup_IsWaitedForWithoutEnd()
    {
        var edge = Taken();
        for (var tick = 0; tick < 10 * s_rules.WaitForCluster; tick++)
            edge = edge.Tick().State.Waiting("").State;
        Assert.False(edge.HasEnded);
    }

    [Fact]
    public void PollsThatALateLinkDeliversAtOnce_HandTheRequestInOnce()
    {
        var edge = Taken().Heard(Token(5)).State.Located(isSame: false).State;
        var handedIn = 0;
        for (var answer = 0; answer < 3 * s_rules.Submissions; answer++)
        {
            var turn = edge.Unknown();
            handedIn += turn.Effects.OfType<EdgeEffect.Send>().Count(send => send.Command is GenerationProtocol.Submit);
            edge = turn.State;
        }

        Assert.Equal((1, false), (handedIn, edge.HasEnded));

        // Handed in and lost: the next tick's poll finds out.
        Assert.IsType<GenerationProtocol.Submit>(Assert.Single(edge.Tick().State.Unknown().Effects.OfType<EdgeEffect.Send>()).Command);
    }

    [Fact]
    public void StreamOfTokens_StillRenewsTheLease()
    {
        var edge = Taken();
        var polls = 0;
        for (var tick = 0; tick < 10; tick++)
        {
            edge = edge.Heard(Token(5 + tick)).State;
            var turn = edge.Tick();
            polls += turn.Effects.OfType<EdgeEffect.Send>().Count(send => send.Command is EdgeProtocol.Poll);
            edge = turn.State.Waiting("").State;
        }

        Assert.InRange(polls, 2, 10);
    }

    [Fact]
    public void FullQueueOfANewCoordinator_IsWaitedFor()
    {
        var edge = Taken().Heard(Token(5)).State.Located(isSame: false).State;
        edge = edge.Unknown().State;
        var busy = edge.Ended(Ended(FailureKind.Busy), isCurrent: true);
        Assert.False(busy.State.HasEnded);
        var resubmitted = Assert.IsType<GenerationProtocol.Submit>(
            Assert.IsType<EdgeEffect.Send>(busy.State.Tick().Effects[0]).Command);
        Assert.Equal((6, 5, 9), (resubmitted.Tokens.Length, resubmitted.PromptLength, resubmitted.MaxNewTokens));
    }

    [Fact]
    public void CancelledTextOfWhichTokensAreMissing_IsNotComplete()
    {
        var edge = Taken().Heard(Token(5)).State.Cancel().State;
        var ended = new EdgeProtocol.Ended(
            s_request.RequestId, 15, new GenerationProtocol.Completed(s_request.RequestId, CompletionReason.Length, PrefillPlacement.None));
        var given = edge.Ended(ended, isCurrent: true).Effects.OfType<EdgeEffect.Give>().Single().Reply;
        Assert.Equal(CompletionReason.Cancelled, Assert.IsType<GenerationProtocol.Completed>(given).Reason);
    }

    [Fact]
    public void FullQueueAtTheFirstAttempt_IsTheClients()
    {
        var edge = EdgeState.Begin(s_request, s_rules).State.Located(isSame: false).State;
        Assert.Equal(FailureKind.Busy, Failure(edge.Ended(Ended(FailureKind.Busy), isCurrent: true)).Error);
    }

    [Fact]
    public void RequestThatNobodyKeeps_FailsAfterManySubmissions()
    {
        var turn = EdgeState.Begin(s_request, new EdgeRules()).State.Located(isSame: false);
        var unknowns = 0;
        while (!turn.State.HasEnded && unknowns++ < 100)
            turn = turn.State.Tick().State.Unknown();
        Assert.InRange(unknowns, 10, 30);
        Assert.Contains("times without a new token", Failure(turn).Message);
    }

    [Fact]
    public void TextAsLongAsTheModelAllows_IsCompleteThoughItCannotBeHandedInAgain()
    {
        var edge = Taken().Heard(Token(5)).State;
        var turn = edge.Ended(Ended(FailureKind.ContextLengthExceeded), isCurrent: true);
        Assert.Equal(
            CompletionReason.Length,
            Assert.IsType<GenerationProtocol.Completed>(turn.Effects.OfType<EdgeEffect.Give>().Single().Reply).Reason);
    }

    private static EdgeState Taken() => EdgeState.Begin(s_request, s_rules).State.Located(isSame: false).State.Waiting("").State;

    private static GenerationProtocol.TokenGenerated Token(int position) =>
        new(s_request.RequestId, position, new SampledToken(position, 0, []));

    private static EdgeProtocol.Ended Ended(FailureKind kind) =>
        new(s_request.RequestId, 0, new GenerationProtocol.Failed(s_request.RequestId, kind, "no"));

    private static GenerationProtocol.Failed Failure(EdgeTurn turn) =>
        Assert.IsType<GenerationProtocol.Failed>(turn.Effects.OfType<EdgeEffect.Give>().Single().Reply);
}
