using System.Collections.Immutable;
using AkkaCp.Pipeline.Partition;
using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Scheduling.Requests;

/// <summary>Counts how a request's prompt lay on the CP ranks, chunk by chunk.</summary>
internal sealed record PrefillTally(ImmutableArray<int> Ways, ImmutableArray<int> RowsPerRank, long KvBytesGathered)
{
    private const int WayCount = 3;

    /// <summary>Nothing counted yet.</summary>
    public static PrefillTally Empty(int cpSize) => new([.. new int[WayCount]], [.. new int[cpSize]], 0);

    /// <summary>Adds a chunk that a step has computed.</summary>
    /// <param name="chunk">The chunk.</param>
    /// <param name="kvBytesGathered">What CP rank 0 received in that step.</param>
    public PrefillTally Add(StepRequest chunk, long kvBytesGathered)
    {
        var cpSize = RowsPerRank.Length;
        var rows = StepRows.Create(
            [new RequestLength(chunk.Tokens.Length, chunk.Prefix, chunk.IsDecode)], [chunk.Placement], cpSize);
        var way = (int)chunk.Placement.Way;
        return new PrefillTally(
            Ways.SetItem(way, Ways[way] + 1),
            [.. RowsPerRank.Select((sum, rank) => sum + rows.Rank(rank).Rows)],
            KvBytesGathered + kvBytesGathered);
    }

    /// <summary>As the reply carries it.</summary>
    public PrefillLayout ToLayout() =>
        Ways.All(count => count == 0) ? PrefillLayout.None : new(RowsPerRank.Length, Ways, RowsPerRank, KvBytesGathered);
}
