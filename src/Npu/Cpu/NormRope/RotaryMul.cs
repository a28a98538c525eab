using System.Runtime.Intrinsics;
using AkkaCp.Npu.Cpu.Simd;

namespace AkkaCp.Npu.Cpu.NormRope;

/// <summary>Rotates one head in place: halves (x1, x2) become (x1·cos - x2·sin, x2·cos + x1·sin), each product rounded as in HF.</summary>
internal static unsafe class RotaryMul
{
    /// <summary>x holds 2 · half values, cos and sin half each; full vectors, then a scalar remainder with the same roundings.</summary>
    public static void Head(float* x, float* cos, float* sin, int half)
    {
        if (Vector512.IsHardwareAccelerated)
            Head<Simd512, Vector512<float>>(x, cos, sin, half);
        else if (Vector256.IsHardwareAccelerated)
            Head<Simd256, Vector256<float>>(x, cos, sin, half);
        else
            Head<Simd128, Vector128<float>>(x, cos, sin, half);
    }

    private static void Head<TSimd, TVector>(float* x, float* cos, float* sin, int half)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        var d = 0;
        for (; d <= half - TSimd.Count; d += TSimd.Count)
        {
            var (a, b) = (TSimd.Load(x + d), TSimd.Load(x + half + d));
            var (c, s) = (TSimd.Load(cos + d), TSimd.Load(sin + d));
            TSimd.Store(TSimd.Subtract(TSimd.Multiply(a, c), TSimd.Multiply(b, s)), x + d);
            TSimd.Store(TSimd.Add(TSimd.Multiply(b, c), TSimd.Multiply(a, s)), x + half + d);
        }

        for (; d < half; d++)
        {
            var (a, b) = (x[d], x[half + d]);
            x[d] = (a * cos[d]) - (b * sin[d]);
            x[half + d] = (b * cos[d]) + (a * sin[d]);
        }
    }
}
