using System.Text.Json;
using AkkaCp.Pipeline.Partition;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Pipeline.Tests.Partition;

public sealed class ZigzagPartitionTests
{
    public static TheoryData<string> Cases => [.. CpVectors.CaseNames("zigzag")];

    [Fact]
    public void Vectors_HaveElevenCases() => Assert.Equal(11, CpVectors.Cases("zigzag").Count);

    [Theory]
    [MemberData(nameof(Cases))]
    public void Batch_IsSplitAsInTheReferenceSystem(string name)
    {
        var expected = CpVectors.Case("zigzag", name);
        var partition = CreateFrom(expected);

        Assert.Equal(expected.Ints("extend_lens")!, partition.ExtendLens.ToArray());
        Assert.Equal(expected.Ints("seq_lens")!, partition.ExtendLens.ToArray().Zip(partition.PrefixLens.ToArray(), (e, p) => e + p));
        Assert.Equal(expected.Int("segments_per_request"), partition.SegmentsPerRequest);
        Assert.Equal(expected.Ints("split_list"), partition.SplitList);
        Assert.Equal(expected.Ints("per_rank_tokens"), partition.PerRankTokens);
        Assert.Equal(expected.Int("max_rank_len"), partition.MaxRankLen);
        Assert.Equal(expected.Ints("reverse_split_len"), partition.ReverseSplitLen);
        Assert.Equal(expected.Ints("cp_reverse_index"), partition.RestoreOrder);
        if (expected.Has("rank_major_order"))
        {
            Assert.Equal(expected.Ints("rank_major_order"), partition.RankMajorOrder());
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void EachRank_OwnsWhatItOwnsInTheReferenceSystem(string name)
    {
        var batch = CpVectors.Case("zigzag", name);
        var partition = CreateFrom(batch);
        var ranks = batch.GetProperty("ranks").EnumerateArray().ToArray();
        Assert.Equal(ranks.Length, partition.Ranks.Count);
        foreach (var (expected, rank) in ranks.Zip(partition.Ranks))
        {
            Assert.Equal(expected.Int("rank"), rank.Rank);
            Assert.Equal(expected.Ints("zigzag_index"), rank.ZigzagIndex);
            Assert.Equal(expected.Ints("q_len_prev"), rank.QLenPrev);
            Assert.Equal(expected.Ints("q_len_next"), rank.QLenNext);
            Assert.Equal(expected.Ints("kv_len_prev"), rank.KvLenPrev);
            Assert.Equal(expected.Ints("kv_len_next"), rank.KvLenNext);
            Assert.Equal(expected.Ints("cu_q_prev"), rank.CuQPrev);
            Assert.Equal(expected.Ints("cu_q_next"), rank.CuQNext);
            Assert.Equal(expected.Int("total_q_prev"), rank.TotalQPrev);
            Assert.Equal(expected.Int("total_q_next"), rank.TotalQNext);
            Assert.Equal(expected.Int("max_q_prev"), rank.MaxQPrev);
            Assert.Equal(expected.Int("max_q_next"), rank.MaxQNext);
            Assert.Equal(expected.Ints("fia_actual_seq_lengths_prev"), rank.ActualSeqLengthsPrev.ToArray());
            Assert.Equal(expected.Ints("fia_actual_seq_lengths_next"), rank.ActualSeqLengthsNext.ToArray());
            Assert.Equal(expected.Ints("fia_actual_seq_lengths_kv_prev"), rank.KvLenPrev);
            Assert.Equal(expected.Ints("fia_actual_seq_lengths_kv_next"), rank.KvLenNext);
            if (expected.Has("global_rows"))
            {
                Assert.Equal(expected.Ints("global_rows"), partition.GlobalRows(rank.Rank));
            }
        }
    }

    [Fact]
    public void CausalPairs_AreBalancedAsInTheReferenceSystem()
    {
        foreach (var expected in CpVectors.Cases("zigzag_load_balance"))
        {
            var tokens = expected.Int("tokens");
            var partition = ZigzagPartition.Create([tokens], [], expected.Int("cp_size"));
            var pairs = partition.Ranks.Select(rank => rank.CausalPairs());
            Assert.Equal(expected.Ints("visible_pairs_zigzag")!.Select(value => (long)value), pairs);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1000)]
    public void EqualBlocks_GiveEveryRankEqualWork_WhateverThePrefix(int prefix)
    {
        var partition = ZigzagPartition.Create([48], [prefix], 4);
        Assert.Single(partition.Ranks.Select(rank => rank.CausalPairs()).Distinct());
    }

    [Fact]
    public void Padding_IsTheSameOnEveryRank()
    {
        foreach (var expected in CpVectors.Section("padding").GetProperty("cases").EnumerateArray())
        {
            var rows = PhysicalRows.Of(expected.Ints("logical")!, expected.Int("align"));
            Assert.All(expected.Ints("physical")!, physical => Assert.Equal(physical, rows));
            Assert.Equal(expected.Int("gather_rows"), rows * expected.Int("cp_size"));
        }
    }

    [Fact]
    public void Padding_OfAPartitionIsAlignedToTwoC()
    {
        Assert.Equal(8, PhysicalRows.Of(ZigzagPartition.Create([13], [], 2)));
        Assert.Equal(8, PhysicalRows.Of(ZigzagPartition.Create([8], [], 4)));
        Assert.Equal([513, 511, 512, 512], ZigzagPartition.Create([1534, 161, 353], [], 4).PerRankTokens);
    }

    [Fact]
    public void WrongLengths_AreNamedAllAtOnce()
    {
        var error = Assert.Throws<ArgumentException>(() => ZigzagPartition.Create([4, -1], [0, 0, -7], 0, 3));
        Assert.Contains("cpSize: expected at least 1, found 0", error.Message, StringComparison.Ordinal);
        Assert.Contains("extendLens[1]: expected at least 0, found -1", error.Message, StringComparison.Ordinal);
        Assert.Contains("prefixLens: expected 2 lengths or none, found 3", error.Message, StringComparison.Ordinal);
        Assert.Contains("prefixLens[2]: expected at least 0, found -7", error.Message, StringComparison.Ordinal);
        Assert.Contains("numTokens: expected at least the 4 tokens", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void SurplusWithoutRequests_IsRefused() =>
        Assert.Throws<ArgumentException>(() => ZigzagPartition.Create([], [], 2, 5));

    [Fact]
    public void NoRequests_GiveEveryRankNoRows() => Assert.Equal([0, 0], ZigzagPartition.Create([], [], 2).PerRankTokens);

    [Fact]
    public void Json_HasTheKeysAndNumbersOfTheReferenceSystem()
    {
        var expected = CpVectors.Case("zigzag", "two_requests_with_prefix");
        using var document = JsonDocument.Parse(ZigzagPlanJson.ToUtf8(CreateFrom(expected)));
        var plan = document.RootElement;
        string[] keys = ["cp_size", "split_list", "per_rank_tokens", "cp_reverse_index", "ranks"];
        Assert.Equal(keys, plan.EnumerateObject().Select(property => property.Name));
        Assert.Equal(4, plan.Int("cp_size"));
        foreach (var key in keys[1..4])
        {
            Assert.Equal(expected.Ints(key), plan.Ints(key));
        }

        foreach (var (wanted, rank) in expected.GetProperty("ranks").EnumerateArray().Zip(plan.GetProperty("ranks").EnumerateArray()))
        {
            Assert.Equal(wanted.Int("rank"), rank.Int("rank"));
            foreach (var key in (string[])["q_len_prev", "q_len_next", "kv_len_prev", "kv_len_next", "global_rows"])
            {
                Assert.Equal(wanted.Ints(key), rank.Ints(key));
            }
        }
    }

    private static ZigzagPartition CreateFrom(JsonElement batch)
    {
        // The vectors record lengths after the surplus went to the last request; the batch came without it.
        var extend = batch.Ints("extend_lens")!;
        extend[^1] -= batch.Int("pad_tokens");
        return ZigzagPartition.Create(extend, batch.Ints("prefix_lens")!, batch.Int("cp_size"),
            batch.Has("num_tokens") ? batch.Int("num_tokens") : null);
    }
}
