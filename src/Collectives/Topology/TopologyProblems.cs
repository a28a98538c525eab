namespace AkkaCp.Collectives.Topology;

/// <summary>The rules a parallel layout must keep (sglang's server arguments), all checked at once.</summary>
internal static class TopologyProblems
{
    // Keeps products and per-rank lists far from overflow; no deployment comes near.
    private const int MostRanks = 65536;

    public static IReadOnlyList<string> Of(RankTopology topology)
    {
        var problems = SizeProblems(topology);
        if (problems.Count > 0)
            return problems;

        AddAttentionProblems(topology, problems);
        AddMoeProblems(topology, problems);
        return problems;
    }

    public static IEnumerable<string> NotRunnable(RankTopology topology)
    {
        if (topology.Pp > 1)
            yield return $"pp: this engine runs one pipeline stage, found {topology.Pp}";

        if (topology.AttnDp > 1)
            yield return $"attn_dp: this engine runs one attention data-parallel part, found {topology.AttnDp}";
    }

    private static List<string> SizeProblems(RankTopology topology)
    {
        var problems = new List<string>();
        foreach (var (name, size) in (ReadOnlySpan<(string, int)>)
            [
                ("tp", topology.Tp), ("attn_cp", topology.AttnCp), ("moe_dp", topology.MoeDp), ("ep", topology.Ep),
                ("attn_dp", topology.AttnDp), ("pp", topology.Pp),
            ])
        {
            if (size is < 1 or > MostRanks)
                problems.Add($"{name}: expected 1 to {MostRanks}, found {size}");
        }

        if (problems.Count == 0 && (long)topology.Tp * topology.Pp > MostRanks)
            problems.Add($"tp·pp: expected at most {MostRanks} ranks, found {(long)topology.Tp * topology.Pp}");

        return problems;
    }

    private static void AddAttentionProblems(RankTopology topology, List<string> problems)
    {
        var (tp, cp, dp) = (topology.Tp, topology.AttnCp, topology.AttnDp);
        if (tp % cp != 0)
            problems.Add($"tp must be divisible by attn_cp, found tp {tp}, attn_cp {cp}");

        if (dp > 1 && tp % ((long)dp * cp) != 0)
            problems.Add($"tp must be divisible by attn_dp·attn_cp, found tp {tp}, attn_dp {dp}, attn_cp {cp}");
    }

    private static void AddMoeProblems(RankTopology topology, List<string> problems)
    {
        var (tp, cp, moeDp, ep) = (topology.Tp, topology.AttnCp, topology.MoeDp, topology.Ep);
        if (tp % moeDp != 0)
            problems.Add($"tp must be divisible by moe_dp, found tp {tp}, moe_dp {moeDp}");

        var ranksOfAllExperts = (long)ep * moeDp;
        if (ranksOfAllExperts > tp)
            problems.Add($"ep·moe_dp must not exceed tp, found ep {ep}, moe_dp {moeDp}, tp {tp}");
        else if (moeDp > 1 && ep > 1 && ranksOfAllExperts != tp)
            problems.Add($"ep above 1 with moe_dp above 1 needs ep·moe_dp = tp, found ep {ep}, moe_dp {moeDp}, tp {tp}");
        else if (moeDp == 1 && tp % ep != 0)
            problems.Add($"tp must be divisible by ep, found tp {tp}, ep {ep}");

        if (moeDp > 1 && topology.Pp > 1)
            problems.Add($"moe_dp above 1 needs pp 1, found moe_dp {moeDp}, pp {topology.Pp}");

        // Without context parallelism every rank holds every row, so copies of the experts do the same work and nothing is wrong.
        if (cp > 1 && moeDp != 1 && cp != moeDp)
            problems.Add($"attn_cp must equal moe_dp, or moe_dp be 1, found attn_cp {cp}, moe_dp {moeDp}");
    }
}
