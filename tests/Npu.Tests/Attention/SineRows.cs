namespace AkkaCp.Npu.Tests.Attention;

/// <summary>The vectors' rule for inputs: value(t, h, d) = sin(seed + 1.7·t + 0.9·h + 0.31·d).</summary>
internal static class SineRows
{
    public static float[] Rows(double seed, int heads, int d, int first, int count) =>
    [
        .. from t in Enumerable.Range(first, count)
           from h in Enumerable.Range(0, heads)
           from lane in Enumerable.Range(0, d)
           select (float)Math.Sin(seed + (1.7 * t) + (0.9 * h) + (0.31 * lane)),
    ];

    /// <summary>Packed rows, t counting over all requests, cut into requests.</summary>
    public static float[][] Split(double seed, int heads, int d, int[] lengths)
    {
        var first = 0;
        return [.. lengths.Select(n => Rows(seed, heads, d, (first += n) - n, n))];
    }
}
