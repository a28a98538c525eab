using AkkaCp.Pipeline.Partition;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Pipeline.Tests.Partition;

public sealed class StepRowsTests
{
    private const int Cases = 400;

    // Two ranks: a prompt of 10 after 5 split, a decode row after 40 dealt to rank 1, a prompt of 3 on both.
    [Fact]
    public void MixedStep_LiesSo()
    {
        var step = StepRows.Create(
            [new(10, 5, false), new(1, 40, true), new(3, 0, false)],
            [new(PlacementKind.Split, 0), new(PlacementKind.Dealt, 1), new(PlacementKind.Replicated, 0)],
            2);

        // Blocks of the prompt are 3, 3, 2, 2: rank 0 has offsets 0-2 and 8-9, rank 1 has 3-5 and 6-7.
        var rank0 = step.Rank(0);
        Assert.Equal([0, 0, 0, 2, 2, 2, 0, 0], rank0.LocalToRequest);
        Assert.Equal([0, 1, 2, 0, 1, 2, 8, 9], rank0.LocalToOffset);
        Assert.Equal([3, 3, 6], rank0.CuQPrev);
        Assert.Equal([2, 2, 2], rank0.CuQNext);
        Assert.Equal([8, 40, 3], rank0.KvPrev);
        Assert.Equal([15, 40, 3], rank0.KvNext);
        Assert.Equal([0, 1, 2, 6, 7], rank0.GatherRows);
        Assert.Equal([3, 4, 5], rank0.ReplicatedRows);
        Assert.Equal([7, -1, 5], LastRows(rank0, 10, 1, 3));
        Assert.Equal([0, 1, 2, 11, 12, 13, 3, 4], rank0.LocalToMoe);
        Assert.Equal([0, 1, 2, -1, -1, -1, 3, 4], rank0.LocalToGather);

        var rank1 = step.Rank(1);
        Assert.Equal([0, 0, 0, 1, 2, 2, 2, 0, 0], rank1.LocalToRequest);
        Assert.Equal([3, 4, 5, 0, 0, 1, 2, 6, 7], rank1.LocalToOffset);
        Assert.Equal([3, 4, 7], rank1.CuQPrev);
        Assert.Equal([11, 41, 3], rank1.KvPrev);
        Assert.Equal([13, 41, 3], rank1.KvNext);
        Assert.Equal([-1, 3, 6], LastRows(rank1, 10, 1, 3));
        Assert.Equal([5, 6, 7, 8, 11, 12, 13, 9, 10], rank1.LocalToMoe);
        Assert.Equal([5, 6, 7, 8, -1, -1, -1, 9, 10], rank1.LocalToGather);

        Assert.Equal([5, 6], step.GatheredRowsPerRank);
        Assert.Equal([0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0], step.GatheredRequest);
        Assert.Equal([0, 1, 2, 8, 9, 3, 4, 5, 0, 6, 7], step.GatheredOffset);
        Assert.Equal((true, 3, 14), (step.NeedsGather, step.ReplicatedRows, step.MoeRows));
    }

    [Fact]
    public void ReplicatedStep_NeedsNoGather()
    {
        var step = StepRows.Create([new(1, 9, true)], [new(PlacementKind.Replicated, 0)], 3);
        Assert.False(step.NeedsGather);
        Assert.All(Enumerable.Range(0, 3), rank => Assert.Equal([0], LastRows(step.Rank(rank), 1)));
    }

    [Fact]
    public void EveryToken_LiesOnceOnTheRanks_AndOnEachWhenReplicated() => StepCase.ForEach(Cases, one =>
    {
        var step = StepRows.Create(one.Requests, one.Placements, one.CpSize);
        var ranks = Enumerable.Range(0, one.CpSize).Select(step.Rank).ToArray();
        for (var b = 0; b < one.Requests.Length; b++)
        {
            var copies = one.Placements[b].Kind == PlacementKind.Replicated ? one.CpSize : 1;
            var found = ranks.SelectMany(rank => OffsetsOf(rank, b)).Order();
            var expected = Enumerable.Range(0, one.Requests[b].Extend).SelectMany(offset => Enumerable.Repeat(offset, copies));
            Assert.Equal(expected, found);
            if (one.Placements[b].Kind == PlacementKind.Dealt)
                Assert.Equal(one.Requests[b].Extend, OffsetsOf(ranks[one.Placements[b].Owner], b).Count());
        }
    });

    // A gathered row is written to the slot of its (request, offset); replicated rows are written locally. Together each slot of
    // every request is written exactly once on every rank, with the row that belongs there.
    [Fact]
    public void WritingTheGatheredAndReplicatedRows_RestoresTheSequence() => StepCase.ForEach(Cases, one =>
    {
        var step = StepRows.Create(one.Requests, one.Placements, one.CpSize);
        var gathered = new List<(int Request, int Offset)>();
        for (var rank = 0; rank < one.CpSize; rank++)
        {
            var rows = step.Rank(rank);
            Assert.Equal((gathered.Count, rows.GatherRows.Length), step.Gather.Range(rank));
            gathered.AddRange(rows.GatherRows.Select(row => (rows.LocalToRequest[row], rows.LocalToOffset[row])));
        }

        Assert.Equal(gathered, step.GatheredRequest.Zip(step.GatheredOffset));
        Assert.Equal(gathered.Count > 0, step.NeedsGather);
        for (var rank = 0; rank < one.CpSize; rank++)
        {
            var rows = step.Rank(rank);
            var replicated = rows.ReplicatedRows.Select(row => (rows.LocalToRequest[row], rows.LocalToOffset[row]));
            var all = one.Requests.SelectMany((request, b) => Enumerable.Range(0, request.Extend).Select(offset => (b, offset)));
            Assert.Equal(all, gathered.Concat(replicated).Order());
        }
    });

    [Fact]
    public void FiaLengths_AreCausalEndsOfTheRowsThatLieThere() => StepCase.ForEach(Cases, one =>
    {
        var step = StepRows.Create(one.Requests, one.Placements, one.CpSize);
        for (var rank = 0; rank < one.CpSize; rank++)
        {
            var rows = step.Rank(rank);
            AssertHalf(one.Requests, rows, 0, rows.CuQPrev, rows.KvPrev);
            AssertHalf(one.Requests, rows, rows.TotalQPrev, rows.CuQNext, rows.KvNext);
            Assert.Equal(rows.TotalQPrev, rows.CuQPrev.LastOrDefault());
            Assert.Equal(rows.TotalQNext, rows.CuQNext.LastOrDefault());
            Assert.Equal(rows.Rows, rows.LocalToRequest.Length);
        }
    });

    // The owner of a placement really holds the last row, where the policy would place so: there the token is sampled.
    [Fact]
    public void LastRow_LiesOnTheOwner() => StepCase.ForEach(Cases, one =>
    {
        var step = StepRows.Create(one.Requests, one.Placements, one.CpSize);
        var lengths = one.Requests.Select(request => request.Extend).ToArray();
        for (var b = 0; b < one.Requests.Length; b++)
        {
            if (lengths[b] >= 2 * one.CpSize || (one.Placements[b].Kind != PlacementKind.Split && lengths[b] > 0))
                Assert.NotEqual(-1, LastRows(step.Rank(one.Placements[b].Owner), lengths)[b]);
        }
    });

    [Fact]
    public void MoeBuffer_HoldsEveryRowOfTheStepOnce() => StepCase.ForEach(Cases, one =>
    {
        var step = StepRows.Create(one.Requests, one.Placements, one.CpSize);
        var buffer = new (int Request, int Offset)?[step.MoeRows];
        for (var rank = 0; rank < one.CpSize; rank++)
        {
            var rows = step.Rank(rank);
            for (var row = 0; row < rows.Rows; row++)
            {
                var origin = (rows.LocalToRequest[row], rows.LocalToOffset[row]);
                ref var place = ref buffer[rows.LocalToMoe[row]];
                Assert.True(place is null || (place == origin && rows.LocalToMoe[row] >= step.Gather.TotalRows));
                place = origin;
            }
        }

        Assert.DoesNotContain(null, buffer);
        Assert.Equal(buffer.Length, buffer.Distinct().Count());
        Assert.Equal(one.Requests.Sum(request => request.Extend), step.MoeRows);
    });

    [Fact]
    public void SplitOnlyStep_IsZigzag() => StepCase.ForEach(Cases, one =>
    {
        var cut = new ReferenceCut(one.Requests, one.CpSize);
        var blocks = 2 * one.CpSize;
        Assert.Equal(
            one.Requests.SelectMany(request => Enumerable.Range(0, blocks).Select(
                block => (request.Extend / blocks) + (block < request.Extend % blocks ? 1 : 0))),
            cut.SplitList);
        foreach (var rank in cut.Ranks)
        {
            var first = Enumerable.Range(0, one.Requests.Length).Select(b => b * blocks).ToArray();
            Assert.Equal(
                first.Select(block => block + rank.CpRank).Concat(first.Select(block => block + blocks - 1 - rank.CpRank)),
                cut.ZigzagIndex(rank.CpRank));
            Assert.Equal(Enumerable.Range(0, rank.Rows), rank.GatherRows);
        }
    });

    // The reference system's way to undo the gather: its pieces in restore order, here over many batches.
    [Fact]
    public void RestoreOrderOfASplitStep_UndoesTheGather() => StepCase.ForEach(Cases, one =>
    {
        var cut = new ReferenceCut(one.Requests, one.CpSize);

        var order = cut.RankMajorOrder.ToArray();
        var pieces = new List<int[]>();
        var row = 0;
        foreach (var length in cut.ReverseSplitLen)
        {
            pieces.Add(order[row..(row + length)]);
            row += length;
        }

        Assert.Equal(Enumerable.Range(0, order.Length), cut.RestoreOrder.SelectMany(piece => pieces[piece]));
    });

    [Fact]
    public void OneRank_HoldsEveryRow_WhateverTheWay() => StepCase.ForEach(Cases, one =>
    {
        var requests = one.Requests;
        foreach (var way in Enum.GetValues<PlacementKind>())
        {
            var rows = StepRows.Create(requests, [.. requests.Select(_ => new CpPlacement(way, 0))], 1).Rank(0);
            for (var b = 0; b < requests.Length; b++)
            {
                Assert.Equal(Enumerable.Range(0, requests[b].Extend), OffsetsOf(rows, b));
                Assert.Equal(requests[b].Prefix + requests[b].Extend, rows.KvNext[b]);
            }
        }
    });

    [Fact]
    public void TokenGather_HasTheRangesOfTheReferenceSystem()
    {
        foreach (var expected in CpVectors.Cases("moe_gather"))
        {
            if (expected.Ints("rows_per_rank") is not { } rows)
            {
                // These name lengths and the rows that they give each rank.
                var requests = expected.Ints("extend_lens")!.Select(length => new RequestLength(length, 0, false)).ToArray();
                var step = StepRows.Create(
                    requests, [.. requests.Select(_ => new CpPlacement(PlacementKind.Split, 0))], expected.Int("cp"));
                Assert.Equal(expected.Ints("per_rank"), step.GatheredRowsPerRank);
                continue;
            }

            var gather = new TokenGather(rows);
            Assert.Equal(rows.Sum(), gather.TotalRows);

            // The reference system gathers chunks of one size, the most rows of any rank; here each rank sends what it has.
            var chunk = gather.RowsPerRank.Max();
            Assert.Equal(expected.Int("chunk"), chunk);
            Assert.Equal(expected.Int("gathered_rows"), chunk * rows.Length);
            if (expected.Has("rank_row_ranges"))
            {
                var ranges = expected.GetProperty("rank_row_ranges").EnumerateArray()
                    .Select(pair => (pair[0].GetInt32(), pair[1].GetInt32()));
                Assert.Equal(ranges, Enumerable.Range(0, rows.Length).Select(rank => (rank * chunk, gather.Range(rank).Rows)));
            }
        }

        Assert.Equal([(0, 3), (3, 2), (5, 3)], Enumerable.Range(0, 3).Select(new TokenGather([3, 2, 3]).Range));
    }

    // The reference system gathers around the MoE by forward mode; here whatever is split or dealt is gathered, and a step that is
    // replicated as a whole (a lone decode row, nothing at all) is not. Stale metadata cannot be: a step's rows come from its own plan.
    [Theory]
    [InlineData(PlacementKind.Split, true)]
    [InlineData(PlacementKind.Dealt, true)]
    [InlineData(PlacementKind.Replicated, false)]
    public void RowsAreGathered_UnlessTheStepIsReplicated(PlacementKind way, bool gathered) =>
        Assert.Equal(gathered, StepRows.Create([new(8, 0, false)], [new(way, 0)], 2).NeedsGather);

    [Fact]
    public void WrongArguments_AreNamedAllAtOnce()
    {
        var error = Assert.Throws<ArgumentException>(() =>
            StepRows.Create([new(-1, 0, false), new(1, int.MaxValue, false)], [new(PlacementKind.Dealt, 2)], 2));
        foreach (var part in (string[])["requests[0]", "requests[1]", "expected one for each of 2 requests, found 1",
            "Owner: expected a rank below 2, found 2"])
        {
            Assert.Contains(part, error.Message, StringComparison.Ordinal);
        }
    }

    private static IEnumerable<int> OffsetsOf(RankRows rows, int request) =>
        Enumerable.Range(0, rows.Rows).Where(row => rows.LocalToRequest[row] == request).Select(row => rows.LocalToOffset[row]);

    private static void AssertHalf(RequestLength[] requests, RankRows rows, int first, int[] cumulative, int[] kv)
    {
        var start = 0;
        for (var b = 0; b < requests.Length; b++)
        {
            for (var i = start; i < cumulative[b]; i++)
            {
                Assert.Equal(b, rows.LocalToRequest[first + i]);

                // Bottom-right alignment: row i of q rows sees kv − q + i + 1 keys, which must be its position + 1.
                var seen = kv[b] - (cumulative[b] - start) + (i - start) + 1;
                Assert.Equal(requests[b].Prefix + rows.LocalToOffset[first + i] + 1, seen);
            }

            Assert.InRange(kv[b], 0, requests[b].Prefix + requests[b].Extend);
            start = cumulative[b];
        }
    }

    // Local row of each request's last token, -1 where it lies elsewhere or the request has no rows.
    private static int[] LastRows(RankRows rows, params int[] lengths) =>
    [
        .. lengths.Select((length, b) => Enumerable.Range(0, rows.Rows)
            .Where(row => rows.LocalToRequest[row] == b && rows.LocalToOffset[row] == length - 1)
            .DefaultIfEmpty(-1).Single()),
    ];
}
