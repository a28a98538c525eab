namespace AkkaCp.Engine.Tests.EndToEnd;

/// <summary>Kullback-Leibler divergence of next-token distributions, in nats, over rows of logits.</summary>
internal sealed record Divergence(double Mean, double Median, double P99, double Largest, double SameTop, int Rows)
{
    /// <summary>KL(p ‖ q) of each row of [T, V] logits, and how often both have the same most likely token.</summary>
    public static Divergence Of(IReadOnlyList<(float[] P, float[] Q)> texts, int vocabulary)
    {
        var rows = texts.SelectMany(text => Enumerable.Range(0, text.P.Length / vocabulary)
            .Select(t => (P: LogSoftmax(text.P, t, vocabulary), Q: LogSoftmax(text.Q, t, vocabulary)))).ToList();
        var divergences = rows.Select(row => row.P.Zip(row.Q, (p, q) => Math.Exp(p) * (p - q)).Sum()).Order().ToArray();
        var same = rows.Count(row => Top(row.P) == Top(row.Q));
        return new Divergence(
            divergences.Average(), divergences[divergences.Length / 2], divergences[(int)(divergences.Length * 0.99)], divergences[^1],
            same / (double)rows.Count, rows.Count);
    }

    private static double[] LogSoftmax(float[] logits, int row, int vocabulary)
    {
        var values = logits.AsSpan(row * vocabulary, vocabulary).ToArray();
        var largest = (double)values.Max();
        var sum = Math.Log(values.Sum(value => Math.Exp(value - largest)));
        return [.. values.Select(value => value - largest - sum)];
    }

    private static int Top(double[] row) => Array.IndexOf(row, row.Max());
}
