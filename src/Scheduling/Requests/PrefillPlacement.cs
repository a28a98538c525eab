using System.Collections.Immutable;

namespace AkkaCp.Scheduling.Requests;

/// <summary>How a request's prompt was placed on the ranks, for the line that the command line prints.</summary>
/// <param name="CpSize">CP ranks.</param>
/// <param name="StepsByKind">Steps of the prefill by kind of placement: how often Split, Dealt, Replicated.</param>
/// <param name="RowsPerRank">Prompt rows that each CP rank computed; cached tokens have none.</param>
/// <param name="KvBytesGathered">K‖V bytes that CP rank 0 received in the steps of this prompt, its whole steps counted.</param>
public sealed record PrefillPlacement(int CpSize, ImmutableArray<int> StepsByKind, ImmutableArray<int> RowsPerRank, long KvBytesGathered)
{
    /// <summary>Prompt tokens that no rank computed, because their keys and values were in the pool.</summary>
    public int CachedTokens { get; init; }

    /// <summary>Of a request that never ran.</summary>
    public static PrefillPlacement None { get; } = new(0, [0, 0, 0], [], 0);
}
