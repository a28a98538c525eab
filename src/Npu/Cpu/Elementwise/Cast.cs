using System.Runtime.Intrinsics;
using AkkaCp.Npu.Cpu.Simd;

namespace AkkaCp.Npu.Cpu.Elementwise;

/// <summary>Conversions between F32 and BF16 over one row; full vectors, then a scalar remainder.</summary>
internal static unsafe class Cast
{
    /// <summary>y = x, exactly.</summary>
    public static void ToF32(ushort* x, float* y, int count)
    {
        if (Vector512.IsHardwareAccelerated)
            ToF32<Simd512, Vector512<float>>(x, y, count);
        else if (Vector256.IsHardwareAccelerated)
            ToF32<Simd256, Vector256<float>>(x, y, count);
        else
            ToF32<Simd128, Vector128<float>>(x, y, count);
    }

    private static void ToF32<TSimd, TVector>(ushort* x, float* y, int count)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        var i = 0;
        for (; i <= count - TSimd.Count; i += TSimd.Count)
            TSimd.Store(TSimd.LoadBF16(x + i), y + i);

        for (; i < count; i++)
            y[i] = BF16.ToSingle(x[i]);
    }

    /// <summary>y = x rounded to nearest, ties to even.</summary>
    public static void ToBF16(float* x, ushort* y, int count)
    {
        if (Vector512.IsHardwareAccelerated)
            ToBF16<Simd512, Vector512<float>>(x, y, count);
        else if (Vector256.IsHardwareAccelerated)
            ToBF16<Simd256, Vector256<float>>(x, y, count);
        else
            ToBF16<Simd128, Vector128<float>>(x, y, count);
    }

    private static void ToBF16<TSimd, TVector>(float* x, ushort* y, int count)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        var i = 0;
        for (; i <= count - TSimd.Count; i += TSimd.Count)
            TSimd.StoreBF16(TSimd.Load(x + i), y + i);

        for (; i < count; i++)
            y[i] = BF16.FromSingle(x[i]);
    }
}
