using AkkaCp.Model.Sampling;

namespace AkkaCp.Model.Tests.Sampling;

/// <summary>The chain of filters written from its formulas: sort everything, in double.</summary>
internal static class ReferenceSampling
{
    /// <summary>Probability of each token; 0 where a filter drops it.</summary>
    public static double[] Distribution(float[] logits, SamplingOptions options, int[] prompt, int[] output)
    {
        var adjusted = logits.Select((logit, id) => Adjust(logit, id, options, prompt, output)).ToArray();
        if (options.Temperature == 0)
        {
            var best = Array.IndexOf(adjusted, adjusted.Max());
            return [.. adjusted.Select((_, id) => id == best ? 1.0 : 0.0)];
        }

        var scores = adjusted.Select(logit => logit / options.Temperature).ToArray();
        var order = Enumerable.Range(0, logits.Length).OrderByDescending(id => scores[id]).ThenBy(id => id).ToList();
        if (options.TopK > 0)
            order = [.. order.Take(options.TopK)];
        order = TopP(order, Softmax(order, scores), options.TopP);
        var last = Softmax(order, scores);
        order = [.. order.Where(id => last[id] >= options.MinP * last[order[0]])];
        var final = Softmax(order, scores);
        return [.. Enumerable.Range(0, logits.Length).Select(id => final.GetValueOrDefault(id))];
    }

    private static double Adjust(double logit, int id, SamplingOptions options, int[] prompt, int[] output)
    {
        logit += options.LogitBias?.GetValueOrDefault(id) ?? 0;
        if (prompt.Contains(id) || output.Contains(id))
            logit = logit < 0 ? logit * options.RepetitionPenalty : logit / options.RepetitionPenalty;
        var count = output.Count(o => o == id);
        return logit - options.FrequencyPenalty * count - (count > 0 ? options.PresencePenalty : 0);
    }

    private static List<int> TopP(List<int> order, Dictionary<int, double> probability, double topP)
    {
        var kept = new List<int>();
        var before = 0.0;
        foreach (var id in order)
        {
            if (topP < 1 && before >= topP)
                break;
            kept.Add(id);
            before += probability[id];
        }

        return kept;
    }

    private static Dictionary<int, double> Softmax(List<int> ids, double[] scores)
    {
        var max = ids.Max(id => scores[id]);
        var sum = ids.Sum(id => Math.Exp(scores[id] - max));
        return ids.ToDictionary(id => id, id => Math.Exp(scores[id] - max) / sum);
    }
}
