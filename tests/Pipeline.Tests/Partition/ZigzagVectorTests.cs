using System.Text.Json;
using AkkaCp.Pipeline.Partition;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Pipeline.Tests.Partition;

/// <summary>The rows that ranks run against the reference system's zigzag vectors; what only that system has is
/// <see cref="ReferenceCut"/>'s.</summary>
public sealed class ZigzagVectorTests
{
    public static TheoryData<string> Cases => [.. CpVectors.CaseNames("zigzag")];

    [Fact]
    public void Vectors_HaveElevenCases() => Assert.Equal(11, CpVectors.Cases("zigzag").Count);

    [Theory]
    [MemberData(nameof(Cases))]
    public void Batch_IsSplitAsInTheReferenceSystem(string name)
    {
        var expected = CpVectors.Case("zigzag", name);
        var cut = CutOf(expected);

        Assert.Equal(expected.Ints("extend_lens")!, LengthsIn(cut));
        Assert.Equal(expected.Ints("seq_lens")!, cut.Ranks[0].KvNext);
        Assert.Equal(expected.Int("segments_per_request"), cut.SegmentsPerRequest);
        Assert.Equal(expected.Ints("split_list"), cut.SplitList);
        Assert.Equal(expected.Ints("per_rank_tokens"), cut.Step.GatheredRowsPerRank);
        Assert.Equal(expected.Int("max_rank_len"), cut.Step.GatheredRowsPerRank.Max());
        Assert.Equal(expected.Ints("reverse_split_len"), cut.ReverseSplitLen);
        Assert.Equal(expected.Ints("cp_reverse_index"), cut.RestoreOrder);
        if (expected.Has("rank_major_order"))
            Assert.Equal(expected.Ints("rank_major_order"), cut.RankMajorOrder);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void EachRank_OwnsWhatItOwnsInTheReferenceSystem(string name)
    {
        var batch = CpVectors.Case("zigzag", name);
        var cut = CutOf(batch);
        var ranks = batch.GetProperty("ranks").EnumerateArray().ToArray();
        Assert.Equal(ranks.Length, cut.Ranks.Length);
        foreach (var (expected, rank) in ranks.Zip(cut.Ranks))
        {
            Assert.Equal(expected.Int("rank"), rank.CpRank);
            Assert.Equal(expected.Ints("zigzag_index"), cut.ZigzagIndex(rank.CpRank));
            Assert.Equal(expected.Ints("q_len_prev"), rank.PrevLen);
            Assert.Equal(expected.Ints("q_len_next"), rank.NextLen);
            Assert.Equal(expected.Ints("kv_len_prev"), rank.KvPrev);
            Assert.Equal(expected.Ints("kv_len_next"), rank.KvNext);

            // The reference system's cumulative lengths begin with a 0, which FIA's do not have.
            Assert.Equal(expected.Ints("cu_q_prev"), rank.CuQPrev.Prepend(0));
            Assert.Equal(expected.Ints("cu_q_next"), rank.CuQNext.Prepend(0));
            Assert.Equal(expected.Int("total_q_prev"), rank.TotalQPrev);
            Assert.Equal(expected.Int("total_q_next"), rank.TotalQNext);
            Assert.Equal(expected.Int("max_q_prev"), rank.PrevLen.Max());
            Assert.Equal(expected.Int("max_q_next"), rank.NextLen.Max());
            Assert.Equal(expected.Ints("fia_actual_seq_lengths_prev"), rank.CuQPrev);
            Assert.Equal(expected.Ints("fia_actual_seq_lengths_next"), rank.CuQNext);
            Assert.Equal(expected.Ints("fia_actual_seq_lengths_kv_prev"), rank.KvPrev);
            Assert.Equal(expected.Ints("fia_actual_seq_lengths_kv_next"), rank.KvNext);
            if (expected.Has("global_rows"))
                Assert.Equal(expected.Ints("global_rows"), cut.GlobalRows(rank.CpRank));
        }
    }

    [Fact]
    public void CausalPairs_AreBalancedAsInTheReferenceSystem()
    {
        foreach (var expected in CpVectors.Cases("zigzag_load_balance"))
        {
            var cut = new ReferenceCut([new(expected.Int("tokens"), 0, false)], expected.Int("cp_size"));
            var pairs = cut.Ranks.Select(ReferenceCut.CausalPairs);
            Assert.Equal(expected.Ints("visible_pairs_zigzag")!.Select(value => (long)value), pairs);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1000)]
    public void EqualBlocks_GiveEveryRankEqualWork_WhateverThePrefix(int prefix)
    {
        var cut = new ReferenceCut([new(48, prefix, false)], 4);
        Assert.Single(cut.Ranks.Select(ReferenceCut.CausalPairs).Distinct());
    }

    // Nothing is padded here: the rows without padding are the ranks', and the padded counts follow from them.
    [Fact]
    public void Padding_IsTheSameOnEveryRank()
    {
        foreach (var expected in CpVectors.Section("padding").GetProperty("cases").EnumerateArray())
        {
            var logical = new ReferenceCut(
                [new(expected.Ints("logical")!.Sum(), 0, false)], expected.Int("cp_size")).Step.GatheredRowsPerRank;
            Assert.Equal(expected.Ints("logical"), logical);
            var rows = ReferenceCut.PhysicalRows(logical, expected.Int("align"));
            Assert.All(expected.Ints("physical")!, physical => Assert.Equal(physical, rows));
            Assert.Equal(expected.Int("gather_rows"), rows * expected.Int("cp_size"));
        }
    }

    [Fact]
    public void NoRequests_GiveEveryRankNoRows() => Assert.Equal([0, 0], new ReferenceCut([], 2).Step.GatheredRowsPerRank);

    // The vectors record lengths after the pad tokens of the batch went to the last request.
    private static ReferenceCut CutOf(JsonElement batch) => new(
        [.. batch.Ints("extend_lens")!.Zip(batch.Ints("prefix_lens")!, (extend, prefix) => new RequestLength(extend, prefix, false))],
        batch.Int("cp_size"));

    // Rows of each request over all ranks.
    private static IEnumerable<int> LengthsIn(ReferenceCut cut) =>
        cut.Ranks[0].PrevLen.Select((_, b) => cut.Ranks.Sum(rank => rank.PrevLen[b] + rank.NextLen[b]));
}
