using System.Runtime.Intrinsics;

namespace AkkaCp.Model.Gguf.Encoders;

/// <summary>
/// The step of eight groups of 16 values, one group in each lane: of some tried the one with which the squares of x − scale · q, weighted
/// by x², sum up to the least. Each lane does what llama.cpp's make_qx_quants does, in its order.
/// </summary>
/// <param name="Scale">The step; of either sign.</param>
/// <param name="Factor">Codes of the search are those of x · factor.</param>
internal readonly record struct SymmetricFit(Vector256<float> Scale, Vector256<float> Factor)
{
    /// <summary>A group whose largest magnitude is below has no step.</summary>
    public const float Least = 1e-15f;

    /// <summary>Tries steps that make the value of the largest magnitude −middle, and nine tenths of a code more and less.</summary>
    /// <param name="x">Element e of each group.</param>
    /// <param name="middle">Codes go from −middle to middle − 1.</param>
    public static SymmetricFit Search(ReadOnlySpan<Vector256<float>> x, int middle)
    {
        var (largest, magnitude) = (Vector256<float>.Zero, Vector256<float>.Zero);
        foreach (var value in x)
        {
            var isLarger = Vector256.GreaterThan(Vector256.Abs(value), magnitude);
            magnitude = Vector256.ConditionalSelect(isLarger, Vector256.Abs(value), magnitude);
            largest = Vector256.ConditionalSelect(isLarger, value, largest);
        }

        var factor = Vector256.Create((float)-middle) / largest;
        Sum(x, factor, middle, out var sumXL, out var sumLL);
        var scale = Vector256.ConditionalSelect(
            Vector256.Equals(sumLL, Vector256<float>.Zero), Vector256<float>.Zero, sumXL / sumLL);
        var fit = new SymmetricFit(scale, factor);
        var best = scale * sumXL;
        for (var step = -9; step <= 9; step++)
        {
            if (step == 0)
                continue;
            factor = Vector256.Create(-(middle + (0.1f * step))) / largest;
            Sum(x, factor, middle, out sumXL, out sumLL);
            var isBetter = Vector256.GreaterThan(sumLL, Vector256<float>.Zero)
                & Vector256.GreaterThan(sumXL * sumXL, best * sumLL);
            scale = sumXL / sumLL;
            best = Vector256.ConditionalSelect(isBetter, scale * sumXL, best);
            fit = new SymmetricFit(
                Vector256.ConditionalSelect(isBetter, scale, fit.Scale), Vector256.ConditionalSelect(isBetter, factor, fit.Factor));
        }

        var isSomething = Vector256.GreaterThanOrEqual(magnitude, Vector256.Create(Least));
        return new SymmetricFit(isSomething & fit.Scale, isSomething & fit.Factor);
    }

    /// <summary>Sums over the codes of one factor: x² · x · q and x² · q².</summary>
    private static void Sum(
        ReadOnlySpan<Vector256<float>> x, Vector256<float> factor, int middle, out Vector256<float> sumXL, out Vector256<float> sumLL)
    {
        var (least, largest) = (Vector256.Create((float)-middle), Vector256.Create(middle - 1f));
        (sumXL, sumLL) = (Vector256<float>.Zero, Vector256<float>.Zero);
        foreach (var value in x)
        {
            var code = Rounding.Clamp(factor * value, least, largest);
            var weight = value * value;
            sumXL += weight * value * code;
            sumLL += weight * code * code;
        }
    }
}
