namespace AkkaCp.Pipeline.Partition;

/// <summary>
/// Chooses for each request of a step how its rows lie on the context-parallel ranks. A pure function of lengths and settings:
/// every rank comes to the same answer, and no request's way depends on a threshold that another one misses.
/// </summary>
/// <remarks>
/// <list type="number">
/// <item>One rank: everything is replicated, nothing is gathered.</item>
/// <item>A prefill chunk of at least 2C and at least <see cref="CpPolicySettings.MinTokens"/> tokens is split.</item>
/// <item>A request alone in its step is replicated when it decodes or has at most
/// <see cref="CpPolicySettings.ReplicateTokens"/> tokens.</item>
/// <item>Everything else is dealt: the longest first, each to the rank with the fewest rows so far (split rows included),
/// of equals the lowest.</item>
/// </list>
/// </remarks>
public static class CpPolicy
{
    /// <summary>A placement for each request.</summary>
    /// <exception cref="ArgumentException">A length or setting is negative, or <paramref name="cpSize"/> is below 1.</exception>
    public static CpPlacement[] Assign(ReadOnlySpan<RequestLength> requests, int cpSize, CpPolicySettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        StepArguments.Validate(requests, cpSize);
        ArgumentOutOfRangeException.ThrowIfNegative(settings.MinTokens);
        ArgumentOutOfRangeException.ThrowIfNegative(settings.ReplicateTokens);

        var placements = new CpPlacement[requests.Length];
        if (cpSize == 1)
        {
            Array.Fill(placements, new CpPlacement(PlacementKind.Replicated, 0));
            return placements;
        }

        var rowsPerRank = new long[cpSize];
        var toDeal = new List<int>(requests.Length);
        for (var b = 0; b < requests.Length; b++)
        {
            if (IsSplit(requests[b], cpSize, settings))
            {
                placements[b] = new CpPlacement(PlacementKind.Split, 0);
                AddSplitRows(requests[b].Extend, rowsPerRank);
            }
            else if (requests.Length == 1 && IsReplicatedAlone(requests[b], settings))
            {
                placements[b] = new CpPlacement(PlacementKind.Replicated, 0);
            }
            else
            {
                toDeal.Add(b);
            }
        }

        Deal(requests, toDeal, rowsPerRank, placements);
        return placements;
    }

    private static bool IsSplit(RequestLength request, int cpSize, CpPolicySettings settings) =>
        !request.IsDecode && request.Extend >= 2 * cpSize && request.Extend >= settings.MinTokens;

    private static bool IsReplicatedAlone(RequestLength request, CpPolicySettings settings) =>
        request.IsDecode || request.Extend <= settings.ReplicateTokens;

    private static void AddSplitRows(int extend, long[] rowsPerRank)
    {
        var blocks = new ZigzagBlocks(extend, rowsPerRank.Length);
        for (var rank = 0; rank < rowsPerRank.Length; rank++)
            rowsPerRank[rank] += blocks.RowsOf(rank);
    }

    private static void Deal(ReadOnlySpan<RequestLength> requests, List<int> toDeal, long[] rowsPerRank, CpPlacement[] placements)
    {
        var order = new (int NegatedExtend, int Request)[toDeal.Count];
        for (var i = 0; i < order.Length; i++)
            order[i] = (-requests[toDeal[i]].Extend, toDeal[i]);

        Array.Sort(order);
        foreach (var (_, b) in order)
        {
            var owner = Array.IndexOf(rowsPerRank, rowsPerRank.Min());
            placements[b] = new CpPlacement(PlacementKind.Dealt, owner);
            rowsPerRank[owner] += requests[b].Extend;
        }
    }
}

/// <summary>Thresholds of <see cref="CpPolicy"/>.</summary>
public sealed record CpPolicySettings
{
    /// <summary>
    /// The shortest extend, in tokens, that is split over the ranks (context-parallel.min-tokens); 0 splits whatever has 2C tokens.
    /// Below it a prompt's work is mostly reading the experts' weights, which every rank would do.
    /// </summary>
    public int MinTokens { get; init; } = 128;

    /// <summary>
    /// The longest prompt chunk, in tokens, that is replicated when it is alone in its step; 0 replicates none. So few rows take a
    /// rank hardly longer than one, and every rank computing them saves one gather per layer.
    /// </summary>
    public int ReplicateTokens { get; init; } = 16;
}
