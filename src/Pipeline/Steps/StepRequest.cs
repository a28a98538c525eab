using System.Collections.Immutable;
using AkkaCp.Pipeline.Partition;

namespace AkkaCp.Pipeline.Steps;

/// <summary>One request's share of a step.</summary>
public sealed record StepRequest
{
    /// <summary>Names the request inside: the scheduler's number for it, given in order of arrival, never reused.</summary>
    public required long SequenceId { get; init; }

    /// <summary>Tokens whose K and V are in the pool already: the absolute position of the first new token.</summary>
    public required int Prefix { get; init; }

    /// <summary>The new tokens: a prefill chunk, or the one token that the last step sampled.</summary>
    public required ImmutableArray<int> Tokens { get; init; }

    /// <summary>Whether this is a decode row. A one-token prefill chunk is not one.</summary>
    public required bool IsDecode { get; init; }

    /// <summary>How the rows lie on the CP ranks.</summary>
    public required CpPlacement Placement { get; init; }

    /// <summary>KV blocks added to the request's block table, the same on every rank.</summary>
    public ImmutableArray<int> NewBlocks { get; init; } = [];

    /// <summary>Given with a request's first step, null later.</summary>
    public SequenceStart? Start { get; init; }

    /// <summary>Whether the last row's logits choose a token: false for all prefill chunks but the last.</summary>
    public bool Sample { get; init; }
}
