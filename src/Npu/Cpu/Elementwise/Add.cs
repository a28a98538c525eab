using System.Runtime.Intrinsics;
using AkkaCp.Npu.Cpu.Simd;

namespace AkkaCp.Npu.Cpu.Elementwise;

/// <summary>y = x1 + x2 over one row. y may be x1 or x2.</summary>
internal static unsafe class Add
{
    /// <summary>y[i] = x1[i] + x2[i]; full vectors, then a scalar remainder.</summary>
    public static void Row(float* x1, float* x2, float* y, int count)
    {
        if (Vector512.IsHardwareAccelerated)
            Row<Simd512, Vector512<float>>(x1, x2, y, count);
        else if (Vector256.IsHardwareAccelerated)
            Row<Simd256, Vector256<float>>(x1, x2, y, count);
        else
            Row<Simd128, Vector128<float>>(x1, x2, y, count);
    }

    private static void Row<TSimd, TVector>(float* x1, float* x2, float* y, int count)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        var i = 0;
        for (; i <= count - TSimd.Count; i += TSimd.Count)
            TSimd.Store(TSimd.Add(TSimd.Load(x1 + i), TSimd.Load(x2 + i)), y + i);

        for (; i < count; i++)
            y[i] = x1[i] + x2[i];
    }
}
