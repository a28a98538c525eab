namespace AkkaCp.Testing;

/// <summary>Operators in double precision, written from their formulas. Matrices are row by row without gaps.</summary>
public static class Reference
{
    /// <summary>y[t, n] = Σ_k x[t, k] · w[n, k] + bias[n].</summary>
    public static double[] MatMul(ReadOnlySpan<float> x, ReadOnlySpan<float> w, int t, int n, int k, ReadOnlySpan<float> bias = default)
    {
        var y = new double[t * n];
        for (var row = 0; row < t; row++)
        {
            for (var column = 0; column < n; column++)
            {
                var sum = bias.IsEmpty ? 0.0 : bias[column];
                for (var i = 0; i < k; i++)
                    sum += (double)x[(row * k) + i] * w[(column * k) + i];

                y[(row * n) + column] = sum;
            }
        }

        return y;
    }

    /// <summary>y = x / √(mean(x²) + eps) · gamma, rows of gamma's length.</summary>
    public static double[] RmsNorm(ReadOnlySpan<float> x, ReadOnlySpan<float> gamma, double eps)
    {
        var y = new double[x.Length];
        for (var start = 0; start < x.Length; start += gamma.Length)
        {
            var sum = 0.0;
            for (var i = 0; i < gamma.Length; i++)
                sum += (double)x[start + i] * x[start + i];

            for (var i = 0; i < gamma.Length; i++)
                y[start + i] = x[start + i] / Math.Sqrt((sum / gamma.Length) + eps) * gamma[i];
        }

        return y;
    }

    /// <summary>x·cos + rotate_half(x)·sin of [t, heads, d]; cos and sin are [t, d / 2].</summary>
    public static double[] RotaryMul(ReadOnlySpan<float> x, ReadOnlySpan<float> cos, ReadOnlySpan<float> sin, int t, int heads, int d)
    {
        var y = new double[x.Length];
        var half = d / 2;
        for (var i = 0; i < t * heads * d; i++)
        {
            var (row, column) = (i / (heads * d), i % d);
            var angle = (row * half) + (column % half);
            var rotated = column < half ? -(double)x[i + half] : x[i - half];
            y[i] = (x[i] * (double)cos[angle]) + (rotated * sin[angle]);
        }

        return y;
    }

    /// <summary>silu(gate) · up for rows of 2f values: gate, then up.</summary>
    public static double[] Swiglu(ReadOnlySpan<float> x, int rows, int f)
    {
        var y = new double[rows * f];
        for (var i = 0; i < y.Length; i++)
        {
            var start = i / f * 2 * f;
            double gate = x[start + (i % f)];
            y[i] = gate / (1.0 + Math.Exp(-gate)) * x[start + f + (i % f)];
        }

        return y;
    }

    /// <summary>A float rounded to bfloat16, ties to even, as a float again.</summary>
    public static float RoundToBF16(float value)
    {
        var lower = BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(value) & 0xFFFF0000u);
        var step = BitConverter.UInt32BitsToSingle((BitConverter.SingleToUInt32Bits(value) & 0xFFFF0000u) + 0x10000u);
        var (down, up) = (Math.Abs((double)value - lower), Math.Abs((double)step - value));
        var lowerIsEven = (BitConverter.SingleToUInt32Bits(lower) & 0x10000u) == 0;
        return down < up || (down == up && lowerIsEven) ? lower : step;
    }
}
