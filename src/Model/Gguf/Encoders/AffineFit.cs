using System.Runtime.Intrinsics;

namespace AkkaCp.Model.Gguf.Encoders;

/// <summary>
/// Step and minimum of eight groups of 32 values, one group in each lane: those of some tried with which the weighted squares of
/// x − (scale · q + minimum) sum up to the least. Each lane does what llama.cpp's make_qkx2_quants does, in its order.
/// </summary>
/// <param name="Scale">The step, at least 0.</param>
/// <param name="Minimum">The value of code 0, at most 0.</param>
/// <param name="Factor">Codes of the search are those of (x − base) · factor.</param>
/// <param name="Base">As said.</param>
internal readonly record struct AffineFit(
    Vector256<float> Scale, Vector256<float> Minimum, Vector256<float> Factor, Vector256<float> Base)
{
    private const int Elements = 32;

    /// <summary>Tries steps from (max − min) / (top + first) on, each a tenth of a code finer.</summary>
    /// <param name="x">Element e of each group.</param>
    /// <param name="top">The largest code.</param>
    /// <param name="first">Of the first step tried.</param>
    /// <param name="tried">How many steps.</param>
    public static AffineFit Search(ReadOnlySpan<Vector256<float>> x, int top, float first, int tried)
    {
        Span<Vector256<float>> weights = stackalloc Vector256<float>[Elements];
        Span<Vector256<float>> codes = stackalloc Vector256<float>[Elements];
        SetWeights(x, weights);
        var (minimum, maximum) = (x[0], x[0]);
        var (sumW, sumX) = (Vector256<float>.Zero, Vector256<float>.Zero);
        for (var e = 0; e < x.Length; e++)
        {
            minimum = Vector256.MinNative(x[e], minimum);
            maximum = Vector256.MaxNative(x[e], maximum);
            sumW += weights[e];
            sumX += weights[e] * x[e];
        }

        minimum = Vector256.MinNative(minimum, Vector256<float>.Zero);
        var factor = Vector256.Create((float)top) / (maximum - minimum);
        var isFlat = Vector256.IsPositiveInfinity(Vector256.Abs(factor));
        var fit = new AffineFit(Vector256<float>.One / factor, minimum, factor, minimum);
        Encode(x, codes, factor, minimum, top);
        var leastError = ErrorOf(x, weights, codes, fit.Scale, minimum);
        for (var step = 0; step < tried; step++)
        {
            factor = Vector256.Create(first + (0.1f * step) + top) / (maximum - fit.Minimum);
            var found = Solve(x, weights, codes, sumW, sumX, factor, fit.Minimum, top, out var isSolved);
            var error = ErrorOf(x, weights, codes, found.Scale, found.Minimum);
            var isBetter = isSolved & Vector256.LessThan(error, leastError);
            leastError = Vector256.ConditionalSelect(isBetter, error, leastError);
            fit = Where(isBetter, found, fit);
        }

        return Where(isFlat, new AffineFit(default, minimum, default, default), fit);
    }

    /// <summary>Codes of eight groups: the nearest whole numbers to (x − base) · factor, halves to even, inside 0 to top.</summary>
    public static void Encode(
        ReadOnlySpan<Vector256<float>> x, Span<Vector256<float>> codes, Vector256<float> factor, Vector256<float> from, int top)
    {
        var largest = Vector256.Create((float)top);
        for (var e = 0; e < codes.Length; e++)
            codes[e] = Rounding.Clamp((x[e] - from) * factor, Vector256<float>.Zero, largest);
    }

    private static AffineFit Where(Vector256<float> mask, AffineFit a, AffineFit b) => new(
        Vector256.ConditionalSelect(mask, a.Scale, b.Scale), Vector256.ConditionalSelect(mask, a.Minimum, b.Minimum),
        Vector256.ConditionalSelect(mask, a.Factor, b.Factor), Vector256.ConditionalSelect(mask, a.Base, b.Base));

    /// <summary>Large values weigh more: each by its magnitude over the root mean square.</summary>
    private static void SetWeights(ReadOnlySpan<Vector256<float>> x, Span<Vector256<float>> weights)
    {
        var squares = Vector256<float>.Zero;
        foreach (var value in x)
            squares += value * value;
        var mean = Vector256.Sqrt(squares / Elements);
        for (var e = 0; e < weights.Length; e++)
            weights[e] = mean + Vector256.Abs(x[e]);
    }

    /// <summary>Step and minimum by least squares for the codes of one factor, which are left in <paramref name="codes"/>.</summary>
    private static AffineFit Solve(
        ReadOnlySpan<Vector256<float>> x, ReadOnlySpan<Vector256<float>> weights, Span<Vector256<float>> codes,
        Vector256<float> sumW, Vector256<float> sumX, Vector256<float> factor, Vector256<float> from, int top,
        out Vector256<float> isSolved)
    {
        var largest = Vector256.Create((float)top);
        var (sumL, sumLL, sumXL) = (Vector256<float>.Zero, Vector256<float>.Zero, Vector256<float>.Zero);
        for (var e = 0; e < codes.Length; e++)
        {
            var code = Rounding.Clamp(factor * (x[e] - from), Vector256<float>.Zero, largest);
            codes[e] = code;
            var weighted = weights[e] * code;
            sumL += weighted;
            sumLL += weighted * code;
            sumXL += weighted * x[e];
        }

        var determinant = (sumW * sumLL) - (sumL * sumL);
        var scale = ((sumW * sumXL) - (sumX * sumL)) / determinant;
        var minimum = ((sumLL * sumX) - (sumL * sumXL)) / determinant;
        var isAbove = Vector256.GreaterThan(minimum, Vector256<float>.Zero);
        isSolved = Vector256.GreaterThan(determinant, Vector256<float>.Zero);
        return new AffineFit(
            Vector256.ConditionalSelect(isAbove, sumXL / sumLL, scale),
            Vector256.ConditionalSelect(isAbove, Vector256<float>.Zero, minimum), factor, from);
    }

    private static Vector256<float> ErrorOf(
        ReadOnlySpan<Vector256<float>> x, ReadOnlySpan<Vector256<float>> weights, ReadOnlySpan<Vector256<float>> codes,
        Vector256<float> scale, Vector256<float> minimum)
    {
        var error = Vector256<float>.Zero;
        for (var e = 0; e < codes.Length; e++)
        {
            var off = (scale * codes[e]) + minimum - x[e];
            error += weights[e] * (off * off);
        }

        return error;
    }
}
