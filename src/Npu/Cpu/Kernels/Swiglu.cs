using System.Runtime.CompilerServices;
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

    /// <summary>y[t, i] = silu(gate) · up of rows whose gate and up lie 32 by 32 in turn; y may be the sums' own place.</summary>
    /// <param name="sums">[rows, 2 · count rounded up to 64], <paramref name="stride"/> floats apart.</param>
    /// <param name="stride">Floats from row to row of the sums.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="count">Outputs of a row.</param>
    /// <param name="y">[rows, count], <paramref name="yStride"/> floats apart.</param>
    /// <param name="yStride">Floats from row to row of y.</param>
    public static void Panels(float* sums, nint stride, int rows, int count, float* y, nint yStride)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Panels<Simd512, Vector512<float>>(sums, stride, rows, count, y, yStride);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Panels<Simd256, Vector256<float>>(sums, stride, rows, count, y, yStride);
        }
        else
        {
            Panels<Simd128, Vector128<float>>(sums, stride, rows, count, y, yStride);
        }
    }

    private static void Panels<TSimd, TVector>(float* sums, nint stride, int rows, int count, float* y, nint yStride)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        const int Width = CpuPackedMatrix.PanelWidth;
        for (var i = 0; i < count; i += Width)
        {
            var gate = sums + (2 * i);
            var target = y + i;
            var whole = count - i >= Width;
            for (var t = 0; t < rows; t++, gate += stride, target += yStride)
            {
                if (!whole)
                {
                    Row<TSimd, TVector>(gate, gate + Width, target, count - i);
                    continue;
                }

                for (var v = 0; v < Width; v += TSimd.Count)
                {
                    TSimd.Store(Multiply<TSimd, TVector>(TSimd.Load(gate + v), TSimd.Load(gate + Width + v)), target + v);
                }
            }
        }
    }

    private static void Row<TSimd, TVector>(float* gate, float* up, float* y, int count)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        var i = 0;
        for (; i <= count - TSimd.Count; i += TSimd.Count)
        {
            TSimd.Store(Multiply<TSimd, TVector>(TSimd.Load(gate + i), TSimd.Load(up + i)), y + i);
        }

        for (; i < count; i++)
        {
            y[i] = gate[i] / (1f + VectorMath.Exp(0f - gate[i])) * up[i];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Multiply<TSimd, TVector>(TVector gate, TVector up)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        var e = TSimd.Exp(TSimd.Subtract(TSimd.Create(0f), gate));
        return TSimd.Multiply(TSimd.Divide(gate, TSimd.Add(TSimd.Create(1f), e)), up);
    }
}
