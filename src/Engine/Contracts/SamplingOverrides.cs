using AkkaCp.Model.Sampling;

namespace AkkaCp.Engine;

/// <summary>
/// What a request says about sampling; null takes the model's own generation defaults. Ranges and meanings are those of
/// <see cref="SamplingOptions"/>; a number out of its range makes the request invalid.
/// </summary>
public sealed record SamplingOverrides
{
    /// <summary>Divides the logits; 0 is greedy.</summary>
    public float? Temperature { get; init; }

    /// <summary>Keeps the k largest logits; 0 is off.</summary>
    public int? TopK { get; init; }

    /// <summary>Keeps the most probable tokens up to this sum; 1 is off.</summary>
    public float? TopP { get; init; }

    /// <summary>Keeps tokens at least this fraction as probable as the best; 0 is off.</summary>
    public float? MinP { get; init; }

    /// <summary>Multiplicative penalty of what prompt and output hold; 1 is off.</summary>
    public float? RepetitionPenalty { get; init; }

    /// <summary>Subtracted once for a token in the output; 0 is off.</summary>
    public float? PresencePenalty { get; init; }

    /// <summary>Subtracted for each time that a token is in the output; 0 is off.</summary>
    public float? FrequencyPenalty { get; init; }

    /// <summary>Names the random sequence. Default null: a fresh one for each request.</summary>
    public ulong? Seed { get; init; }

    /// <summary>Whether to give the chosen tokens' log-probabilities. Default off.</summary>
    public bool Logprobs { get; init; }

    /// <summary>Alternatives to list with each token, at most 20; needs <see cref="Logprobs"/>. Default 0.</summary>
    public int TopLogprobs { get; init; }

    /// <summary>Added to the logits of single tokens, by id. Default none.</summary>
    public IReadOnlyDictionary<int, float>? LogitBias { get; init; }

    /// <summary>These over a model's defaults.</summary>
    internal SamplingOptions Over(SamplingOptions defaults) => defaults with
    {
        Temperature = Temperature ?? defaults.Temperature,
        TopK = TopK ?? defaults.TopK,
        TopP = TopP ?? defaults.TopP,
        MinP = MinP ?? defaults.MinP,
        RepetitionPenalty = RepetitionPenalty ?? defaults.RepetitionPenalty,
        PresencePenalty = PresencePenalty ?? defaults.PresencePenalty,
        FrequencyPenalty = FrequencyPenalty ?? defaults.FrequencyPenalty,
        Seed = Seed ?? (ulong)Random.Shared.NextInt64(),
        Logprobs = Logprobs,
        TopLogprobs = TopLogprobs,
        LogitBias = LogitBias,
    };
}
