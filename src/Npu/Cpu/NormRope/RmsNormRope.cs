using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using AkkaCp.Npu.Cpu.Elementwise;
using AkkaCp.Npu.Cpu.Simd;

namespace AkkaCp.Npu.Cpu.NormRope;

/// <summary>
/// Some heads of one token: n = x / √(mean(x²) + eps) · gamma, then halves (n1, n2) become (n1·cos - n2·sin, n2·cos + n1·sin), rounded
/// to the target's type. Every operation rounds as in <see cref="RmsNorm"/>, <see cref="RotaryMul"/> and <see cref="Cast"/>, so the bits
/// are theirs; a head is read twice, the second time from L1, and written once.
/// </summary>
internal static unsafe class RmsNormRope
{
    /// <summary>x and y hold <paramref name="heads"/> · 2 · half values; y may be x when its type is F32.</summary>
    public static void Heads<TStored>(float* x, float* gamma, float* cos, float* sin, int heads, int half, float eps, void* y)
        where TStored : struct, IStoredElement
    {
        if (Vector512.IsHardwareAccelerated)
            Heads<TStored, Simd512, Vector512<float>>(x, gamma, cos, sin, heads, half, eps, y);
        else if (Vector256.IsHardwareAccelerated)
            Heads<TStored, Simd256, Vector256<float>>(x, gamma, cos, sin, heads, half, eps, y);
        else
            Heads<TStored, Simd128, Vector128<float>>(x, gamma, cos, sin, heads, half, eps, y);
    }

    private static void Heads<TStored, TSimd, TVector>(
        float* x, float* gamma, float* cos, float* sin, int heads, int half, float eps, void* y)
        where TStored : struct, IStoredElement
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        for (var h = 0; h < heads; h++)
        {
            var first = h * 2 * half;
            var scale = RmsNorm.Scale<TSimd, TVector>(x + first, 2 * half, eps);
            Rotate<TStored, TSimd, TVector>(x + first, gamma, scale, cos, sin, half, y, first);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Rotate<TStored, TSimd, TVector>(
        float* x, float* gamma, float scale, float* cos, float* sin, int half, void* y, int first)
        where TStored : struct, IStoredElement
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        var scales = TSimd.Create(scale);
        var d = 0;
        for (; d <= half - TSimd.Count; d += TSimd.Count)
        {
            var a = TSimd.Multiply(TSimd.Multiply(TSimd.Load(x + d), scales), TSimd.Load(gamma + d));
            var b = TSimd.Multiply(TSimd.Multiply(TSimd.Load(x + half + d), scales), TSimd.Load(gamma + half + d));
            var (c, s) = (TSimd.Load(cos + d), TSimd.Load(sin + d));
            TStored.Store<TSimd, TVector>(TSimd.Subtract(TSimd.Multiply(a, c), TSimd.Multiply(b, s)), y, first + d);
            TStored.Store<TSimd, TVector>(TSimd.Add(TSimd.Multiply(b, c), TSimd.Multiply(a, s)), y, first + half + d);
        }

        for (; d < half; d++)
        {
            var (a, b) = (x[d] * scale * gamma[d], x[half + d] * scale * gamma[half + d]);
            TStored.Store((a * cos[d]) - (b * sin[d]), y, first + d);
            TStored.Store((b * cos[d]) + (a * sin[d]), y, first + half + d);
        }
    }
}
