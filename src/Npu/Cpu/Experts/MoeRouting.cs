namespace AkkaCp.Npu.Cpu.Experts;

/// <summary>A counting sort of (token, choice) pairs by expert (CANN npu_moe_init_routing).</summary>
internal static class MoeRouting
{
    /// <summary>How many pairs have an expert in [first, first + count).</summary>
    /// <exception cref="NpuShapeException">An expert number is negative.</exception>
    public static int CountInRange(ReadOnlySpan<int> experts, int first, int count)
    {
        var inRange = 0;
        for (var i = 0; i < experts.Length; i++)
        {
            if (experts[i] < 0)
                OperatorChecks.Refuse("MoeInitRouting", "expert_idx", "no negative expert", $"{experts[i]} at [{i}]");

            inRange += (uint)(experts[i] - first) < (uint)count ? 1 : 0;
        }

        return inRange;
    }

    /// <summary>Each pair's row when rows are sorted by expert, then by token; and the cumulative rows of each expert.</summary>
    public static void Place(ReadOnlySpan<int> experts, int first, Span<int> places, Span<int> groupList)
    {
        groupList.Clear();
        foreach (var expert in experts)
        {
            if ((uint)(expert - first) < (uint)groupList.Length)
                groupList[expert - first]++;
        }

        // Starts of the groups; each moves to its end, which is the cumulative count, as rows are placed.
        var rows = 0;
        for (var e = 0; e < groupList.Length; e++)
            (groupList[e], rows) = (rows, rows + groupList[e]);

        for (var i = 0; i < experts.Length; i++)
        {
            var e = experts[i] - first;
            places[i] = (uint)e < (uint)groupList.Length ? groupList[e]++ : -1;
        }
    }
}
