using System.Runtime.Intrinsics;
using AkkaCp.Npu.Cpu.Elementwise;
using AkkaCp.Npu.Cpu.Products.Packing;
using AkkaCp.Npu.Cpu.Simd;

namespace AkkaCp.Npu.Cpu.Products;

/// <summary><see cref="Swiglu"/> of sums as products leave them: panels of gate and up in turn.</summary>
internal static unsafe class SwigluPanels
{
    /// <summary>y[t, i] = silu(gate) · up of rows whose gate and up lie 32 by 32 in turn; y may be the sums' own place.</summary>
    /// <param name="sums">[rows, 2 · count rounded up to 64], <paramref name="stride"/> floats apart.</param>
    /// <param name="stride">Floats from row to row of the sums.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="count">Outputs of a row.</param>
    /// <param name="y">[rows, count], <paramref name="yStride"/> floats apart.</param>
    /// <param name="yStride">Floats from row to row of y.</param>
    public static void Rows(float* sums, nint stride, int rows, int count, float* y, nint yStride)
    {
        if (Vector512.IsHardwareAccelerated)
            Rows<Simd512, Vector512<float>>(sums, stride, rows, count, y, yStride);
        else if (Vector256.IsHardwareAccelerated)
            Rows<Simd256, Vector256<float>>(sums, stride, rows, count, y, yStride);
        else
            Rows<Simd128, Vector128<float>>(sums, stride, rows, count, y, yStride);
    }

    private static void Rows<TSimd, TVector>(float* sums, nint stride, int rows, int count, float* y, nint yStride)
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
                    Swiglu.Row<TSimd, TVector>(gate, gate + Width, target, count - i);
                    continue;
                }

                for (var v = 0; v < Width; v += TSimd.Count)
                    TSimd.Store(Swiglu.Multiply<TSimd, TVector>(TSimd.Load(gate + v), TSimd.Load(gate + Width + v)), target + v);
            }
        }
    }
}
