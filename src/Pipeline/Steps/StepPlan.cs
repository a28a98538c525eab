using System.Collections.Immutable;
using AkkaCp.Model.Sampling;
using AkkaCp.Pipeline.Partition;

namespace AkkaCp.Pipeline.Steps;

/// <summary>What every rank does in one step: the same plan on all of them, so that all reach the same row map from it.</summary>
/// <param name="Epoch">Incarnation of the group of ranks; results and frames of another epoch are refused.</param>
/// <param name="Step">Counts steps of an epoch from 1, without gaps.</param>
/// <param name="Requests">Prefill chunks and decode rows, in row order.</param>
/// <param name="Released">Sequence ids of requests that ended since the last plan: ranks forget them before they run this one.</param>
public sealed record StepPlan(long Epoch, long Step, ImmutableArray<StepRequest> Requests, ImmutableArray<long> Released)
{
    /// <inheritdoc/>
    public override string ToString() => $"step {Step} of epoch {Epoch}, {Requests.Length} requests";
}

/// <summary>One request's share of a step.</summary>
public sealed record StepRequest
{
    /// <summary>Names the request inside: the scheduler's number for it, given in order of arrival, never reused.</summary>
    public required long SequenceId { get; init; }

    /// <summary>Tokens whose K and V are in the pool already: the absolute position of the first new token. In a request's first step they
    /// are in blocks that other requests have filled, the first of <see cref="NewBlocks"/>.</summary>
    public required int Prefix { get; init; }

    /// <summary>The new tokens: a prefill chunk, or the one token that the last step sampled.</summary>
    public required ImmutableArray<int> Tokens { get; init; }

    /// <summary>Whether this is a decode row. A one-token prefill chunk is not one.</summary>
    public required bool IsDecode { get; init; }

    /// <summary>How the rows lie on the CP ranks.</summary>
    public required CpPlacement Placement { get; init; }

    /// <summary>KV blocks added to the request's block table, the same on every rank. Rows are written behind the prefix only.</summary>
    public ImmutableArray<int> NewBlocks { get; init; } = [];

    /// <summary>Given with a request's first step, null later.</summary>
    public SequenceStart? Start { get; init; }

    /// <summary>Whether the last row's logits choose a token: false for all prefill chunks but the last.</summary>
    public bool Sample { get; init; }
}

/// <summary>What a rank keeps about a request from its first step on.</summary>
/// <param name="PromptLength">Leading tokens that are prompt; those behind were generated (a request resumed after a fault), which
/// presence and frequency penalties count and the prompt's do not.</param>
/// <param name="Sampling">How tokens are chosen.</param>
/// <param name="AllLogits">Whether the logits of every row go to the rank's <see cref="ILogitsSink"/>.</param>
public sealed record SequenceStart(int PromptLength, SamplingOptions Sampling, bool AllLogits = false)
{
    /// <summary>The tokens in front of the first step, which no step of this request has; given where a penalty counts them. Default
    /// none.</summary>
    public ImmutableArray<int> Seen { get; init; } = [];
}
