using System.Collections.Immutable;
using AkkaCp.Pipeline.Partition;
using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Scheduling.Requests;

/// <summary>Counts how a request's prompt was placed on the CP ranks, chunk by chunk.</summary>
internal sealed record PrefillTally(ImmutableArray<int> StepsByKind, ImmutableArray<int> RowsPerRank, long KvBytesGathered)
{
    private const int KindCount = 3;

    /// <summary>Prompt tokens that were computed for earlier requests.</summary>
    public int CachedTokens { get; init; }

    /// <summary>Nothing counted yet.</summary>
    public static PrefillTally Empty(int cpSize) => new([.. new int[KindCount]], [.. new int[cpSize]], 0);

    /// <summary>Adds a chunk that a step has computed.</summary>
    /// <param name="chunk">The chunk.</param>
    /// <param name="kvBytesGathered">What CP rank 0 received in that step.</param>
    public PrefillTally Add(StepRequest chunk, long kvBytesGathered)
    {
        var cpSize = RowsPerRank.Length;
        var rows = StepRows.Create(
            [new RequestLength(chunk.Tokens.Length, chunk.Prefix, chunk.IsDecode)], [chunk.Placement], cpSize);
        var kind = (int)chunk.Placement.Kind;
        return this with
        {
            StepsByKind = StepsByKind.SetItem(kind, StepsByKind[kind] + 1),
            RowsPerRank = [.. RowsPerRank.Select((sum, rank) => sum + rows.Rank(rank).Rows)],
            KvBytesGathered = KvBytesGathered + kvBytesGathered,
        };
    }

    /// <summary>As the reply carries it.</summary>
    public PrefillPlacement ToPlacement() =>
        StepsByKind.All(count => count == 0) ? PrefillPlacement.None : new(RowsPerRank.Length, StepsByKind, RowsPerRank, KvBytesGathered)
        {
            CachedTokens = CachedTokens,
        };
}
