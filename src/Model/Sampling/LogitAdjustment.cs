namespace AkkaCp.Model.Sampling;

/// <summary>Bias and penalties: the part of the chain that changes single logits before temperature.</summary>
internal static class LogitAdjustment
{
    /// <summary>Adds the bias, then the repetition penalty, then frequency and presence (the order of Hugging Face and vLLM).</summary>
    /// <param name="logits">[V]; changed. No result is NaN or +∞: sums and quotients are held at the largest float.</param>
    /// <param name="options">Bias and penalties.</param>
    /// <param name="history">Ids outside the vocabulary are passed over.</param>
    public static void ApplyInPlace(Span<float> logits, SamplingOptions options, TokenCounts history)
    {
        if (options.LogitBias is not null)
        {
            foreach (var (id, bias) in options.LogitBias)
                logits[id] = Bounded(logits[id] + bias);
        }

        foreach (var (id, count) in history.OutputCounts)
        {
            if ((uint)id < (uint)logits.Length)
                logits[id] = Bounded(Penalised(logits[id], count, options));
        }
    }

    private static float Penalised(float logit, int outputCount, SamplingOptions options)
    {
        logit = logit > 0 ? logit / options.RepetitionPenalty : logit * options.RepetitionPenalty;
        return outputCount == 0
            ? logit
            : Bounded(logit) - options.FrequencyPenalty * outputCount - options.PresencePenalty;
    }

    private static float Bounded(float logit) => Math.Min(logit, float.MaxValue);
}
