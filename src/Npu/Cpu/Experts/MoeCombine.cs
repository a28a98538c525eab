using System.Runtime.Intrinsics;
using AkkaCp.Npu.Cpu.Simd;

namespace AkkaCp.Npu.Cpu.Experts;

/// <summary>y = Σ_j weights[j] · rows[places[j]]: one fused multiply-add after another from 0, j rising (CANN
/// npu_moe_finalize_routing).</summary>
internal static unsafe class MoeCombine
{
    /// <summary>One token; rows lie <paramref name="stride"/> floats apart, and a place of -1 is skipped.</summary>
    public static void Row(float* rows, nint stride, float* weights, int* places, int k, float* y, int h)
    {
        if (Vector512.IsHardwareAccelerated)
            Row<Simd512, Vector512<float>>(rows, stride, weights, places, k, y, h);
        else if (Vector256.IsHardwareAccelerated)
            Row<Simd256, Vector256<float>>(rows, stride, weights, places, k, y, h);
        else
            Row<Simd128, Vector128<float>>(rows, stride, weights, places, k, y, h);
    }

    private static void Row<TSimd, TVector>(float* rows, nint stride, float* weights, int* places, int k, float* y, int h)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        var i = 0;
        for (; i <= h - TSimd.Count; i += TSimd.Count)
        {
            var sum = TSimd.Create(0f);
            for (var j = 0; j < k; j++)
            {
                if (places[j] >= 0)
                    sum = TSimd.MultiplyAdd(TSimd.Create(weights[j]), TSimd.Load(rows + (places[j] * stride) + i), sum);
            }

            TSimd.Store(sum, y + i);
        }

        for (; i < h; i++)
        {
            var sum = 0f;
            for (var j = 0; j < k; j++)
                sum = places[j] < 0 ? sum : MathF.FusedMultiplyAdd(weights[j], rows[(places[j] * stride) + i], sum);

            y[i] = sum;
        }
    }
}
