using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace AkkaCp.Npu.Cpu.Kernels;

/// <summary>
/// y = x / √(mean(x²) + eps) · gamma over one row of C values. The squares are summed in 32 chains (chain j takes x[j], x[j+32], …),
/// which are then added in halves; so the bits are the same for every vector width.
/// </summary>
internal static unsafe class RmsNorm
{
    private const int Chains = 32;

    /// <summary>y may be x.</summary>
    public static void Row(float* x, float* gamma, int c, float eps, float* y)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Row<Simd512, Vector512<float>>(x, gamma, c, eps, y);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Row<Simd256, Vector256<float>>(x, gamma, c, eps, y);
        }
        else
        {
            Row<Simd128, Vector128<float>>(x, gamma, c, eps, y);
        }
    }

    /// <summary>1 / √(mean(x²) + eps).</summary>
    public static float Scale<TSimd, TVector>(float* x, int c, float eps)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct => 1f / MathF.Sqrt((SumOfSquares<TSimd, TVector>(x, c) / c) + eps);

    private static void Row<TSimd, TVector>(float* x, float* gamma, int c, float eps, float* y)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        var scale = Scale<TSimd, TVector>(x, c, eps);
        var scales = TSimd.Create(scale);
        var i = 0;
        for (; i <= c - TSimd.Count; i += TSimd.Count)
        {
            TSimd.Store(TSimd.Multiply(TSimd.Multiply(TSimd.Load(x + i), scales), TSimd.Load(gamma + i)), y + i);
        }

        for (; i < c; i++)
        {
            y[i] = x[i] * scale * gamma[i];
        }
    }

    [SkipLocalsInit]
    private static float SumOfSquares<TSimd, TVector>(float* x, int c)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        var sums = stackalloc float[Chains];
        var whole = c / Chains * Chains;
        for (var chain = 0; chain < Chains; chain += 2 * TSimd.Count)
        {
            var a = TSimd.Create(0f);
            var b = a;
            for (var i = chain; i < whole; i += Chains)
            {
                var (first, second) = (TSimd.Load(x + i), TSimd.Load(x + i + TSimd.Count));
                a = TSimd.MultiplyAdd(first, first, a);
                b = TSimd.MultiplyAdd(second, second, b);
            }

            TSimd.Store(a, sums + chain);
            TSimd.Store(b, sums + chain + TSimd.Count);
        }

        for (var i = whole; i < c; i++)
        {
            sums[i - whole] = MathF.FusedMultiplyAdd(x[i], x[i], sums[i - whole]);
        }

        return AddInHalves(sums);
    }

    // Four chains at a time: of a short row, such as one head, the chains' sum is most of the work.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float AddInHalves(float* sums)
    {
        for (var half = Chains / 2; half >= 4; half /= 2)
        {
            for (var j = 0; j < half; j += 4)
            {
                (Vector128.Load(sums + j) + Vector128.Load(sums + j + half)).Store(sums + j);
            }
        }

        return sums[0] + sums[2] + (sums[1] + sums[3]);
    }
}
