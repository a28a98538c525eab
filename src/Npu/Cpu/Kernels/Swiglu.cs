using System.Runtime.Intrinsics;

namespace AkkaCp.Npu.Cpu.Kernels;

/// <summary>y = silu(gate) · up with silu(x) = x / (1 + e^-x), over one row. Exact 0 where gate is far below zero.</summary>
internal static unsafe class Swiglu
{
    /// <summary>y[i] = silu(gate[i]) · up[i]; full vectors, then a scalar remainder with the same roundings.</summary>
    public static void Row(float* gate, float* up, float* y, int count)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Row<Simd512, Vector512<float>>(gate, up, y, count);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Row<Simd256, Vector256<float>>(gate, up, y, count);
        }
        else
        {
            Row<Simd128, Vector128<float>>(gate, up, y, count);
        }
    }

    private static void Row<TSimd, TVector>(float* gate, float* up, float* y, int count)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        var one = TSimd.Create(1f);
        var zero = TSimd.Create(0f);
        var i = 0;
        for (; i <= count - TSimd.Count; i += TSimd.Count)
        {
            var g = TSimd.Load(gate + i);
            var silu = TSimd.Divide(g, TSimd.Add(one, TSimd.Exp(TSimd.Subtract(zero, g))));
            TSimd.Store(TSimd.Multiply(silu, TSimd.Load(up + i)), y + i);
        }

        for (; i < count; i++)
        {
            y[i] = gate[i] / (1f + VectorMath.Exp(0f - gate[i])) * up[i];
        }
    }
}
