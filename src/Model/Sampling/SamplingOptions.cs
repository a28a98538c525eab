namespace AkkaCp.Model.Sampling;

/// <summary>How the next token is chosen from the logits. The defaults change nothing: plain sampling from the model's softmax.</summary>
public sealed record SamplingOptions
{
    /// <summary>The largest number of alternatives a reply may list, as in OpenAI's API.</summary>
    public const int MaxTopLogprobs = 20;

    private const float MaxTemperature = 100;
    private const float MaxRepetitionPenalty = 100;
    private const float MaxAdditivePenalty = 2;
    private const float MaxLogitBias = 100;

    /// <summary>Always the most probable token.</summary>
    public static SamplingOptions Greedy { get; } = new() { Temperature = 0 };

    /// <summary>Divides the logits. Default 1; 0 is greedy; at most 100.</summary>
    public float Temperature { get; init; } = 1;

    /// <summary>Keeps the k largest logits, exactly k: lower ids win ties. Default 0: off; at least 0.</summary>
    public int TopK { get; init; }

    /// <summary>Keeps the fewest most probable tokens whose probabilities sum to at least this. Default 1: off; in (0, 1].</summary>
    public float TopP { get; init; } = 1;

    /// <summary>Keeps tokens at least this fraction as probable as the most probable one. Default 0: off; in [0, 1].</summary>
    public float MinP { get; init; }

    /// <summary>
    /// Divides the positive and multiplies the negative logits of tokens in prompt or output, as Hugging Face does.
    /// Default 1: off; in (0, 100].
    /// </summary>
    public float RepetitionPenalty { get; init; } = 1;

    /// <summary>Subtracted once from the logit of every token in the output. Default 0: off; in [−2, 2].</summary>
    public float PresencePenalty { get; init; }

    /// <summary>Subtracted from a token's logit for each time it is in the output. Default 0: off; in [−2, 2].</summary>
    public float FrequencyPenalty { get; init; }

    /// <summary>Names the random sequence: same seed and position, same number. Default 0; any value.</summary>
    public ulong Seed { get; init; }

    /// <summary>Alternatives to list with each token. Default 0: none; at most 20; needs <see cref="Logprobs"/>.</summary>
    public int TopLogprobs { get; init; }

    /// <summary>Whether to compute the chosen token's log-probability: one more pass over the logits. Default off.</summary>
    public bool Logprobs { get; init; }

    /// <summary>Added to the logits of single tokens, by id. Default null: off; each in [−100, 100].</summary>
    public IReadOnlyDictionary<int, float>? LogitBias { get; init; }

    /// <summary>Whether a penalty reads which tokens the request has seen.</summary>
    public bool CountsTokens => RepetitionPenalty != 1 || PresencePenalty != 0 || FrequencyPenalty != 0;

    /// <summary>Whether bias or penalties can change the order of the logits.</summary>
    internal bool AdjustsLogits => CountsTokens || LogitBias is { Count: > 0 };

    /// <summary>Every mistake at once, each with the field (by its name in requests), the rule and the value;
    /// empty when all is well.</summary>
    /// <param name="vocabSize">Number of logits; bounds the ids of <see cref="LogitBias"/>.</param>
    public IReadOnlyList<string> Problems(int vocabSize)
    {
        var problems = new List<string>();
        Check(problems, "temperature", Temperature, Temperature is >= 0 and <= MaxTemperature, "must be in [0, 100]");
        Check(problems, "top_k", TopK, TopK >= 0, "must be at least 0 (0 = off)");
        Check(problems, "top_p", TopP, TopP is > 0 and <= 1, "must be in (0, 1]");
        Check(problems, "min_p", MinP, MinP is >= 0 and <= 1, "must be in [0, 1]");
        Check(problems, "repetition_penalty", RepetitionPenalty, RepetitionPenalty is > 0 and <= MaxRepetitionPenalty,
            "must be in (0, 100]");
        Check(problems, "presence_penalty", PresencePenalty, Math.Abs(PresencePenalty) <= MaxAdditivePenalty, "must be in [-2, 2]");
        Check(problems, "frequency_penalty", FrequencyPenalty, Math.Abs(FrequencyPenalty) <= MaxAdditivePenalty, "must be in [-2, 2]");
        Check(problems, "top_logprobs", TopLogprobs, TopLogprobs is >= 0 and <= MaxTopLogprobs, "must be in [0, 20]");
        Check(problems, "top_logprobs", TopLogprobs, TopLogprobs == 0 || Logprobs, "needs logprobs = true");
        foreach (var (id, bias) in LogitBias ?? new Dictionary<int, float>())
        {
            Check(problems, "logit_bias", id, id >= 0 && id < vocabSize, FormattableString.Invariant($"id must be in [0, {vocabSize})"));
            Check(problems, $"logit_bias[{id}]", bias, Math.Abs(bias) <= MaxLogitBias, "must be in [-100, 100]");
        }

        return problems;
    }

    private static void Check<T>(List<string> problems, string field, T value, bool holds, string rule)
    {
        if (!holds)
            problems.Add(FormattableString.Invariant($"{field} {rule}, found {value}"));
    }
}
