using System.Collections.Immutable;
using AkkaCp.Model.Sampling;

namespace AkkaCp.Pipeline.Steps;

/// <summary>How one rank ended one step. Every plan that a pipeline accepts yields exactly one.</summary>
/// <param name="Epoch">The plan's epoch.</param>
/// <param name="Step">The plan's step.</param>
/// <param name="Rank">The global rank.</param>
/// <param name="Samples">Tokens of the requests whose last row this rank owns; and why a request fails that has a bad row here.</param>
/// <param name="Fault">Why the step failed for all its requests; null when it did not.</param>
/// <param name="Stats">What the step took.</param>
public sealed record StepResult(
    long Epoch, long Step, int Rank, ImmutableArray<RequestSample> Samples, PipelineFault? Fault, StepStats Stats)
{
    /// <inheritdoc/>
    public override string ToString() => $"result of step {Step} on rank {Rank}: {Fault?.ToString() ?? $"{Samples.Length} samples"}";
}

/// <summary>A request's sampled token; or, with <paramref name="Fault"/>, why this request alone fails,
/// also one that wanted none.</summary>
public sealed record RequestSample(long SequenceId, SampledToken? Token, PipelineFault? Fault = null);

/// <summary>Figures of a step on one rank.</summary>
/// <param name="Rows">Rows that this rank computed.</param>
/// <param name="KvBytesGathered">Bytes of K‖V received from other ranks, all layers.</param>
/// <param name="Elapsed">From the plan's acceptance, or the result of the step before where that came later, to the result.</param>
public readonly record struct StepStats(int Rows, long KvBytesGathered, TimeSpan Elapsed);
