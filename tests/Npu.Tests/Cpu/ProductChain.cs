using AkkaCp.Testing;

namespace AkkaCp.Npu.Tests.Cpu;

/// <summary>Products element by element, one chain of operations with k rising: the bits that kernels must have.</summary>
internal static class ProductChain
{
    private const float SmallestNormal = 1.17549435e-38f;

    /// <summary>y = bias + x·Wᵀ in the arithmetic that the kernels' numerics id names.</summary>
    public static float[] Compute(string numerics, DType dtype, float[] x, float[] w, float[]? bias, int t, int n, int k)
    {
        if (dtype == DType.I8)
            return Quantized(x, w, bias, t, n, k);

        var weights = dtype == DType.BF16 ? [.. w.Select(Reference.RoundToBF16)] : w;
        if (dtype == DType.F32 || numerics.Contains("bf16:fma-k", StringComparison.Ordinal))
            return Each(t, n, k, bias, x, weights, Fma);

        var tiles = numerics.Contains("bf16:tdpbf16ps", StringComparison.Ordinal);
        return Each(t, n, k, bias, [.. x.Select(Reference.RoundToBF16)], weights, tiles ? Tiles : Pairs);
    }

    // Rows of x and of W as round(v · 127 / max|v|), an exact sum, and three roundings: sum, times the output's scale, times the row's.
    private static float[] Quantized(float[] x, float[] w, float[]? bias, int t, int n, int k)
    {
        var (rows, outputs) = (Quantize(x, t, k), Quantize(w, n, k));
        var y = new float[t * n];
        for (var i = 0; i < y.Length; i++)
        {
            var (row, output) = (rows[i / n], outputs[i % n]);
            var sum = 0L;
            for (var j = 0; j < k; j++)
                sum += row.Values[j] * output.Values[j];

            y[i] = (float)((float)sum * output.Scale) * row.Scale;
            y[i] = bias is null ? y[i] : y[i] + bias[i % n];
        }

        return y;
    }

    private static (int[] Values, float Scale)[] Quantize(float[] values, int rows, int k) =>
        [.. Enumerable.Range(0, rows).Select(row => Quantize(values[(row * k)..((row + 1) * k)]))];

    private static (int[] Values, float Scale) Quantize(float[] row)
    {
        if (!row.All(float.IsFinite))
            return (new int[row.Length], float.NaN);

        var scale = row.Max(MathF.Abs) / 127f;
        return scale == 0
            ? (new int[row.Length], 0f)
            : ([.. row.Select(v => (int)Math.Clamp(Math.Round(v / scale, MidpointRounding.ToEven), -127, 127))], scale);
    }

    private static float[] Each(int t, int n, int k, float[]? bias, float[] x, float[] w, Dot dot)
    {
        var y = new float[t * n];
        for (var i = 0; i < y.Length; i++)
            y[i] = dot(x.AsSpan(i / n * k, k), w.AsSpan(i % n * k, k), bias?[i % n] ?? 0f);

        return y;
    }

    private static float Fma(ReadOnlySpan<float> x, ReadOnlySpan<float> w, float sum)
    {
        for (var k = 0; k < x.Length; k++)
            sum = MathF.FusedMultiplyAdd(x[k], w[k], sum);

        return sum;
    }

    // vdpbf16ps as Intel's manual (SDM volume 2, VDPBF16PS) writes it: of each pair the upper product is added first, then the lower
    // one, each by a fused multiply-add to nearest even that takes denormals for zero and leaves none.
    private static float Pairs(ReadOnlySpan<float> x, ReadOnlySpan<float> w, float sum)
    {
        for (var k = 0; k < x.Length; k += 2)
        {
            var (x1, w1) = k + 1 < x.Length ? (x[k + 1], w[k + 1]) : (0f, 0f);
            sum = Step(x1, w1, sum);
            sum = Step(x[k], w[k], sum);
        }

        return sum;
    }

    // tdpbf16ps as the manual writes it, for each 32 inputs: those at even and those at odd places have a sum each, from zero.
    private static float Tiles(ReadOnlySpan<float> x, ReadOnlySpan<float> w, float sum)
    {
        for (var start = 0; start < x.Length; start += 32)
        {
            var (even, odd) = (0f, 0f);
            for (var k = start; k < Math.Min(start + 32, x.Length); k++)
            {
                ref var half = ref k % 2 == 0 ? ref even : ref odd;
                half = Step(x[k], w[k], half);
            }

            sum = Flush(Flush(sum) + Flush(even + odd));
        }

        return sum;
    }

    private static float Step(float x, float w, float sum) => Flush(MathF.FusedMultiplyAdd(Flush(x), Flush(w), Flush(sum)));

    private static float Flush(float value) => MathF.Abs(value) < SmallestNormal ? MathF.CopySign(0f, value) : value;

    private delegate float Dot(ReadOnlySpan<float> x, ReadOnlySpan<float> w, float sum);
}
