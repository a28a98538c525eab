using AkkaCp.Actors.Edge;
using AkkaCp.Actors.Protocol;
using AkkaCp.Model.Sampling;
using AkkaCp.Scheduling.Requests;
using Xunit;

namespace AkkaCp.Actors.Tests.Edge;

public class ReceivedRowsTests
{
    private readonly List<int> _seen = [];

    [Fact]
    public void RowsComputedAgain_AreGivenOnce()
    {
        var rows = new ReceivedRows((position, _) => _seen.Add(position));

        Array.ForEach([0, 1, 0, 1, 2], position => rows.Take(Row(position)));

        Assert.Equal([0, 1, 2], _seen);
        Assert.Equal((3, 0, 1), (rows.Count, rows.MissingBelow(3), rows.MissingBelow(4)));
    }

    [Fact]
    public void RowsOfAStepThatIsStillInside_GoNowhereWhenTheRequestHasEnded()
    {
        var request = new OpenRequest(Submit(), (position, _) => _seen.Add(position), _ => { }, ClientFacts.None);
        request.Rows!.Take(Row(0));

        request.End("the engine is shutting down");
        request.Rows.Take(Row(1));

        Assert.Equal([0], _seen);
    }

    [Fact]
    public void WhatTheTakerThrows_StaysHere_AndItGetsNoMoreRows()
    {
        var rows = new ReceivedRows((position, _) =>
        {
            _seen.Add(position);
            throw new InvalidOperationException("the disk is full");
        });

        rows.Take(Row(0));
        rows.Take(Row(1));

        Assert.Equal([0], _seen);
        Assert.Equal("the taker of the logits threw InvalidOperationException: the disk is full", rows.Failure);
    }

    private static GenerationProtocol.Submit Submit() => new(Guid.NewGuid(), [5, 6, 7], 3, 0, SamplingOptions.Greedy, [], AllLogits: true);

    private static LogitsProtocol.Row Row(int position) => new(Guid.Empty, position, [1f]);
}
