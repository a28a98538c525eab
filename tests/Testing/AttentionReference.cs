namespace AkkaCp.Testing;

/// <summary>Attention of one query row and head in float64, from the formula.</summary>
public static class AttentionReference
{
    /// <summary>softmax(scale · q·kᵀ) · v over the visible keys; zeros and +inf when there are none.</summary>
    /// <param name="q">[D].</param>
    /// <param name="key">Key k of the row's key/value head.</param>
    /// <param name="value">Value k of the row's key/value head.</param>
    /// <param name="visible">Numbers of the keys that the row sees.</param>
    /// <param name="scale">Factor of the scores.</param>
    public static (double[] Output, double Lse) Row(
        ReadOnlySpan<float> q, Func<int, ReadOnlySpan<float>> key, Func<int, ReadOnlySpan<float>> value, IReadOnlyList<int> visible,
        double scale)
    {
        var output = new double[q.Length];
        if (visible.Count == 0)
            return (output, double.PositiveInfinity);

        var scores = new double[visible.Count];
        for (var j = 0; j < scores.Length; j++)
            scores[j] = Dot(q, key(visible[j])) * scale;

        var max = scores.Max();
        var total = scores.Sum(s => Math.Exp(s - max));
        for (var j = 0; j < scores.Length; j++)
        {
            var weight = Math.Exp(scores[j] - max) / total;
            var row = value(visible[j]);
            for (var d = 0; d < output.Length; d++)
                output[d] += weight * row[d];
        }

        return (output, max + Math.Log(total));
    }

    private static double Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        var sum = 0.0;
        for (var i = 0; i < a.Length; i++)
            sum += (double)a[i] * b[i];

        return sum;
    }
}
