using System.Collections.Immutable;

namespace AkkaCp.Pipeline.Steps;

/// <summary>What every rank does in one step: the same plan on all of them, so that all reach the same row layout from it.</summary>
/// <param name="Epoch">Incarnation of the group of ranks; results and frames of another epoch are refused.</param>
/// <param name="Step">Counts steps of an epoch from 1, without gaps.</param>
/// <param name="Requests">Prefill chunks and decode rows, in row order.</param>
/// <param name="Released">Sequence ids of requests that ended since the last plan: ranks forget them before they run this one.</param>
public sealed record StepPlan(long Epoch, long Step, ImmutableArray<StepRequest> Requests, ImmutableArray<long> Released)
{
    /// <inheritdoc/>
    public override string ToString() => $"step {Step} of epoch {Epoch}, {Requests.Length} requests";
}
