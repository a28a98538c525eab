using AkkaCp.Model.Sampling;
using AkkaCp.Scheduling.Requests;

namespace AkkaCp.Engine;

/// <summary>
/// A piece of a stream: prefill progress first, then one chunk for each token, last one chunk with <see cref="FinishReason"/>; of each
/// answer, where a request asks for several.
/// </summary>
public sealed record GenerationChunk
{
    /// <summary>Whose chunk it is, of several answers to a request; 0 where there is one.</summary>
    public int Choice { get; init; }

    /// <summary>Text to show, always whole characters; empty where a token completes none, or while it may begin a stop
    /// string.</summary>
    public string Text { get; init; } = "";

    /// <summary>The token, on token chunks; the end token is one, too.</summary>
    public int? Token { get; init; }

    /// <summary>ln p of <see cref="Token"/> under the model's own softmax; null unless asked for.</summary>
    public float? Logprob { get; init; }

    /// <summary>The most probable tokens at this place, best first; empty unless asked for.</summary>
    public IReadOnlyList<TokenLogprob> TopLogprobs { get; init; } = [];

    /// <summary>How far the prompt is, on progress chunks.</summary>
    public PrefillProgress? Prefill { get; init; }

    /// <summary>Why the stream ended, on the last chunk.</summary>
    public FinishReason? FinishReason { get; init; }

    /// <summary>Counts and times, on the last chunk.</summary>
    public GenerationSummary? Summary { get; init; }
}

/// <summary>How far a prompt is.</summary>
/// <param name="Processed">Prompt tokens that are done; it begins with those that need not be computed.</param>
/// <param name="Total">Prompt tokens in all.</param>
public readonly record struct PrefillProgress(int Processed, int Total);

/// <summary>Why a stream ended without an error.</summary>
public enum FinishReason
{
    /// <summary>The model ended its answer.</summary>
    Stop,

    /// <summary>A stop string was met.</summary>
    StopString,

    /// <summary>The limit of tokens, or the model's context length, was reached.</summary>
    Length,
}

/// <summary>Counts and times of a request that ended.</summary>
/// <param name="PromptTokens">Tokens of the prompt.</param>
/// <param name="CompletionTokens">Tokens generated, an end token included.</param>
/// <param name="Placement">How the prompt lay on the ranks.</param>
/// <param name="TimeToFirstToken">From the request to its first token, waiting included; null where there was none.</param>
/// <param name="PrefillTokensPerSecond">Prompt tokens that were computed through the time to the first token; null where there was
/// none.</param>
/// <param name="DecodeTokensPerSecond">Later tokens through the time between first and last; null with fewer than two.</param>
public sealed record GenerationSummary(
    int PromptTokens, int CompletionTokens, PrefillPlacement Placement, TimeSpan? TimeToFirstToken,
    double? PrefillTokensPerSecond, double? DecodeTokensPerSecond)
{
    /// <summary>Tokens of the prompt that were not computed: an earlier request had left their keys and values in the pool.</summary>
    public int CachedTokens => Placement.CachedTokens;
}
