using Xunit;

namespace AkkaCp.Engine.Tests;

public class LogitsTests
{
    private static readonly int[] s_tokens = [5, 6, 7];

    [Fact]
    public async Task Cancelling_ThrowsRatherThanGivingAPartForTheWhole()
    {
        using var cancelling = new CancellationTokenSource();
        var backend = new FakeBackend { WhilePrefilling = _ => cancelling.Cancel() };

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => Engine(backend).LogitsAsync(s_tokens, (_, _) => { }, cancellationToken: cancelling.Token));

        Assert.Equal(1, backend.Cancelled);
    }

    [Fact]
    public async Task RowsOfAStepThatIsStillInside_GoNowhereWhenTheRequestHasEnded()
    {
        var seen = new List<int>();
        LogitsRow? taker = null;
        await Engine(new FakeBackend { WhilePrefilling = rows => Write(taker = rows, 0) })
            .LogitsAsync(s_tokens, (position, _) => seen.Add(position));

        Write(taker, 1);

        Assert.Equal([0], seen);
    }

    [Fact]
    public async Task RowsComputedAgain_AreGivenOnce()
    {
        var seen = new List<int>();
        var backend = new FakeBackend { WhilePrefilling = rows => Array.ForEach([0, 1, 0, 1, 2], position => Write(rows, position)) };

        await Engine(backend).LogitsAsync(s_tokens, (position, _) => seen.Add(position));

        Assert.Equal([0, 1, 2], seen);
    }

    [Fact]
    public async Task WhatTheCallerThrows_EndsItsRequestAndSparesTheRank()
    {
        var calls = 0;
        var backend = new FakeBackend { WhilePrefilling = rows => Array.ForEach([0, 1], position => Write(rows, position)) };

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => Engine(backend).LogitsAsync(s_tokens, (_, _) =>
        {
            calls++;
            throw new InvalidOperationException("the disk is full");
        }));

        Assert.Equal(("the disk is full", 1, 1), (error.Message, calls, backend.Cancelled));
    }

    private static void Write(LogitsRow? rows, int position) => rows!(position, [1f]);

    private static InferenceEngine Engine(FakeBackend backend) => new(backend, TestModel.Demo);
}
