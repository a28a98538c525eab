using System.Text.Json;
using System.Text.Json.Nodes;
using AkkaCp.Collectives.Topology;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Collectives.Tests.Topology;

public sealed class RankTopologyTests
{
    public static TheoryData<string> Groups => [.. CpVectors.CaseNames("groups")];

    [Theory]
    [MemberData(nameof(Groups))]
    public void GroupsAndCoordinates_AreThoseOfTheReferenceSystem(string name)
    {
        var expected = JsonNode.Parse(CpVectors.Case("groups", name).GetRawText())!.AsObject();
        expected.Remove("name");
        expected.Remove("origin");

        var written = JsonNode.Parse(TopologyJson.ToUtf8(From(CpVectors.Case("groups", name).GetProperty("input"))));

        Assert.True(JsonNode.DeepEquals(expected, written), $"expected {expected.ToJsonString()}\nfound    {written!.ToJsonString()}");
    }

    [Theory]
    [MemberData(nameof(Groups))]
    public void CoordinatesAndGroups_Agree(string name)
    {
        var topology = From(CpVectors.Case("groups", name).GetProperty("input"));
        for (var rank = 0; rank < topology.WorldSize; rank++)
        {
            var at = topology.CoordinatesOf(rank);
            Assert.Equal(at.TpRank, topology.GroupOf(GroupKind.Tp, rank).IndexOf(rank));
            Assert.Equal(at.AttnTpRank, topology.GroupOf(GroupKind.AttnTp, rank).IndexOf(rank));
            Assert.Equal(at.AttnCpRank, topology.GroupOf(GroupKind.AttnCp, rank).IndexOf(rank));
            Assert.Equal(at.MoeEpRank, topology.GroupOf(GroupKind.MoeEp, rank).IndexOf(rank));
            Assert.Equal(at.MoeTpRank, topology.GroupOf(GroupKind.MoeTp, rank).IndexOf(rank));
            Assert.Equal(at.PpRank, topology.GroupOf(GroupKind.Pp, rank).IndexOf(rank));
            Assert.Equal(8, topology.GroupsOf(rank).Count);
        }
    }

    // What a layout's MoE outputs are reduced over: with attn_cp = moe_dp the ranks of the same rows, else all.
    [Theory]
    [InlineData(4, 2, 2, 1, "MOE[0,1] MOE[2,3]")]
    [InlineData(4, 2, 1, 4, "MOE[0,1,2,3]")]
    [InlineData(4, 4, 4, 1, "MOE[0] MOE[1] MOE[2] MOE[3]")]
    [InlineData(3, 3, 3, 1, "MOE[0] MOE[1] MOE[2]")]
    [InlineData(2, 2, 1, 2, "MOE[0,1]")]
    public void MoeGroup_IsOneMoeDpPart(int tp, int attnCp, int moeDp, int ep, string expected)
    {
        var topology = new RankTopology(tp, attnCp, moeDp, ep).ValidateRunnable();
        Assert.Equal(expected, string.Join(' ', topology.Groups(GroupKind.Moe)));
    }

    [Theory]
    [InlineData(1, 1, 1, 1)]
    [InlineData(2, 2, 2, 1)]
    [InlineData(2, 2, 1, 2)]
    [InlineData(3, 3, 3, 1)]
    [InlineData(4, 2, 2, 1)]
    [InlineData(4, 2, 1, 4)]
    [InlineData(4, 4, 4, 1)]
    [InlineData(4, 4, 1, 1)]
    [InlineData(4, 1, 1, 4)]
    [InlineData(2, 1, 1, 1)]
    [InlineData(8, 4, 4, 1)]
    public void LayoutsOfTheEngine_AreRunnable(int tp, int attnCp, int moeDp, int ep)
    {
        var topology = new RankTopology(tp, attnCp, moeDp, ep);
        Assert.Empty(topology.RunnableProblems());
        foreach (var kind in Enum.GetValues<GroupKind>())
        {
            var members = topology.Groups(kind).SelectMany(group => group.Ranks).Order();
            Assert.Equal(Enumerable.Range(0, tp), members);
        }
    }

    [Fact]
    public void ServerArguments_AreJudgedAsInTheReferenceSystem()
    {
        var judged = 0;
        foreach (var one in CpVectors.Cases("server_args"))
        {
            var args = one.GetProperty("args");
            // Two cases have no counterpart: context parallelism has no strategy that could be missing (zigzag is the one there is),
            // and no server is "prefill" or "decode" as a whole (a decode row is dealt or replicated, so attn_cp serves it too).
            if (args.TryGetProperty("enable_prefill_cp", out _) || args.TryGetProperty("disaggregation_mode", out _))
                continue;

            judged++;
            var problems = From(args).Problems();
            Assert.True(one.GetProperty("ok").GetBoolean() == (problems.Count == 0), $"{args}: {string.Join("; ", problems)}");
        }

        Assert.Equal(11, judged);
    }

    [Theory]
    [InlineData(4, 3, 1, 1, 1, 1, "tp must be divisible by attn_cp, found tp 4, attn_cp 3")]
    [InlineData(4, 2, 1, 1, 4, 1, "tp must be divisible by attn_dp·attn_cp, found tp 4, attn_dp 4, attn_cp 2")]
    [InlineData(4, 1, 3, 1, 1, 1, "tp must be divisible by moe_dp, found tp 4, moe_dp 3")]
    [InlineData(4, 1, 2, 4, 1, 1, "ep·moe_dp must not exceed tp, found ep 4, moe_dp 2, tp 4")]
    [InlineData(8, 1, 2, 2, 1, 1, "ep above 1 with moe_dp above 1 needs ep·moe_dp = tp, found ep 2, moe_dp 2, tp 8")]
    [InlineData(4, 1, 2, 1, 1, 2, "moe_dp above 1 needs pp 1, found moe_dp 2, pp 2")]
    [InlineData(8, 4, 2, 1, 1, 1, "attn_cp must equal moe_dp, or moe_dp be 1, found attn_cp 4, moe_dp 2")]
    [InlineData(4, 1, 1, 3, 1, 1, "tp must be divisible by ep, found tp 4, ep 3")]
    [InlineData(0, 1, 1, 1, 1, 1, "tp: expected 1 to 65536, found 0")]
    public void ImpossibleLayout_IsRefusedForItsReason(int tp, int attnCp, int moeDp, int ep, int attnDp, int pp, string reason)
    {
        var error = Assert.Throws<TopologyException>(() => new RankTopology(tp, attnCp, moeDp, ep, attnDp, pp).Validate());
        Assert.Equal([reason], error.Problems);
    }

    [Fact]
    public void AllReasons_ComeAtOnce()
    {
        var topology = new RankTopology(8, 3, 5, 4, 1, 2);
        Assert.Equal(5, topology.Problems().Count);
        Assert.Equal(6, topology.RunnableProblems().Count);
    }

    [Fact]
    public void WhatIsPrintableButNotRunnable_SaysWhy()
    {
        var topology = new RankTopology(Tp: 4, AttnDp: 2, Pp: 2);
        Assert.Empty(topology.Problems());
        Assert.Equal(2, topology.RunnableProblems().Count);
        Assert.Throws<TopologyException>(topology.ValidateRunnable);
    }

    private static RankTopology From(JsonElement sizes) => new(
        sizes.Int("tp"),
        sizes.Int("attn_cp", 1),
        sizes.Int("moe_dp", 1),
        sizes.Int("ep", 1),
        sizes.Int("attn_dp", sizes.Int("dp", 1)),
        sizes.Int("pp", 1));
}
