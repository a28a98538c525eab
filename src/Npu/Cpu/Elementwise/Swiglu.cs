using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using AkkaCp.Npu.Cpu.Simd;

namespace AkkaCp.Npu.Cpu.Elementwise;

/// <summary>y = silu(gate) · up with silu(x) = x / (1 + e^-x), over one row. Exact 0 where gate is far below zero.</summary>
internal static unsafe class Swiglu
{
    /// <summary>y[i] = silu(gate[i]) · up[i]; full vectors, then a scalar remainder with the same roundings.</summary>
    public static void Row(float* gate, float* up, float* y, int count)
    {
        if (Vector512.IsHardwareAccelerated)
            Row<Simd512, Vector512<float>>(gate, up, y, count);
        else if (Vector256.IsHardwareAccelerated)
            Row<Simd256, Vector256<float>>(gate, up, y, count);
        else
            Row<Simd128, Vector128<float>>(gate, up, y, count);
    }

    /// <summary>y[i] = silu(gate[i]) · up[i] in vectors of one width.</summary>
    public static void Row<TSimd, TVector>(float* gate, float* up, float* y, int count)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        var i = 0;
        for (; i <= count - TSimd.Count; i += TSimd.Count)
            TSimd.Store(Multiply<TSimd, TVector>(TSimd.Load(gate + i), TSimd.Load(up + i)), y + i);

        for (; i < count; i++)
            y[i] = gate[i] / (1f + VectorMath.Exp(0f - gate[i])) * up[i];
    }

    /// <summary>silu(gate) · up of one vector.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Multiply<TSimd, TVector>(TVector gate, TVector up)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        var e = TSimd.Exp(TSimd.Subtract(TSimd.Create(0f), gate));
        return TSimd.Multiply(TSimd.Divide(gate, TSimd.Add(TSimd.Create(1f), e)), up);
    }
}
