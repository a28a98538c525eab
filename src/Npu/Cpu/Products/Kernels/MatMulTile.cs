using System.Runtime.CompilerServices;
using AkkaCp.Npu.Cpu.Products.Packing;
using AkkaCp.Npu.Cpu.Simd;

namespace AkkaCp.Npu.Cpu.Products.Kernels;

/// <summary>
/// The inner loops of products: y[t, n] = start[t, n] + Σ x[t, k] · w[n, k], one fused multiply-add after another with k rising.
/// That chain is all the arithmetic an element sees, whichever tile it lies in, and a sum over K may stop after any k and go on from
/// the stored value: hence equal bits for every number of rows, block size and split of columns.
/// <para>A tile is 12 rows × 32 outputs in 24 accumulators of 512 bits (of 32 registers; 26 are used), which hides the latency of
/// two FMA units and reads 14 vectors or broadcasts for 24 FMAs. 8 and 4 rows serve the edges, and 4 the CPUs of 16 registers.
/// x is packed [k][rows]; start and y point at output lane of the panel, whose vectors cover lane.. and 16+lane...
/// A line of memory at <c>ahead</c> is fetched for each k: weights that come next.</para>
/// </summary>
internal static unsafe class MatMulTile<TSimd, TVector, TPanel>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
    where TPanel : struct, IPanel<TVector>
{
    /// <summary>12 rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows12(
        float* x, byte* panel, byte* ahead, int count, float* start, nint startStride, float* y, nint yStride, int lane)
    {
        var a0 = TSimd.Load(start);
        var b0 = TSimd.Load(start + 16);
        var a1 = TSimd.Load(start + startStride);
        var b1 = TSimd.Load(start + startStride + 16);
        var a2 = TSimd.Load(start + (2 * startStride));
        var b2 = TSimd.Load(start + (2 * startStride) + 16);
        var a3 = TSimd.Load(start + (3 * startStride));
        var b3 = TSimd.Load(start + (3 * startStride) + 16);
        var a4 = TSimd.Load(start + (4 * startStride));
        var b4 = TSimd.Load(start + (4 * startStride) + 16);
        var a5 = TSimd.Load(start + (5 * startStride));
        var b5 = TSimd.Load(start + (5 * startStride) + 16);
        var a6 = TSimd.Load(start + (6 * startStride));
        var b6 = TSimd.Load(start + (6 * startStride) + 16);
        var a7 = TSimd.Load(start + (7 * startStride));
        var b7 = TSimd.Load(start + (7 * startStride) + 16);
        var a8 = TSimd.Load(start + (8 * startStride));
        var b8 = TSimd.Load(start + (8 * startStride) + 16);
        var a9 = TSimd.Load(start + (9 * startStride));
        var b9 = TSimd.Load(start + (9 * startStride) + 16);
        var a10 = TSimd.Load(start + (10 * startStride));
        var b10 = TSimd.Load(start + (10 * startStride) + 16);
        var a11 = TSimd.Load(start + (11 * startStride));
        var b11 = TSimd.Load(start + (11 * startStride) + 16);

        for (var k = 0; k < count; k++, x += 12, panel += TPanel.RowBytes, ahead += 64)
        {
            Prefetch.IntoL2(ahead);
            var first = TPanel.First(panel, lane);
            var second = TPanel.Second(panel, lane);
            var value = TSimd.Create(*x);
            a0 = TSimd.MultiplyAdd(value, first, a0);
            b0 = TSimd.MultiplyAdd(value, second, b0);
            value = TSimd.Create(x[1]);
            a1 = TSimd.MultiplyAdd(value, first, a1);
            b1 = TSimd.MultiplyAdd(value, second, b1);
            value = TSimd.Create(x[2]);
            a2 = TSimd.MultiplyAdd(value, first, a2);
            b2 = TSimd.MultiplyAdd(value, second, b2);
            value = TSimd.Create(x[3]);
            a3 = TSimd.MultiplyAdd(value, first, a3);
            b3 = TSimd.MultiplyAdd(value, second, b3);
            value = TSimd.Create(x[4]);
            a4 = TSimd.MultiplyAdd(value, first, a4);
            b4 = TSimd.MultiplyAdd(value, second, b4);
            value = TSimd.Create(x[5]);
            a5 = TSimd.MultiplyAdd(value, first, a5);
            b5 = TSimd.MultiplyAdd(value, second, b5);
            value = TSimd.Create(x[6]);
            a6 = TSimd.MultiplyAdd(value, first, a6);
            b6 = TSimd.MultiplyAdd(value, second, b6);
            value = TSimd.Create(x[7]);
            a7 = TSimd.MultiplyAdd(value, first, a7);
            b7 = TSimd.MultiplyAdd(value, second, b7);
            value = TSimd.Create(x[8]);
            a8 = TSimd.MultiplyAdd(value, first, a8);
            b8 = TSimd.MultiplyAdd(value, second, b8);
            value = TSimd.Create(x[9]);
            a9 = TSimd.MultiplyAdd(value, first, a9);
            b9 = TSimd.MultiplyAdd(value, second, b9);
            value = TSimd.Create(x[10]);
            a10 = TSimd.MultiplyAdd(value, first, a10);
            b10 = TSimd.MultiplyAdd(value, second, b10);
            value = TSimd.Create(x[11]);
            a11 = TSimd.MultiplyAdd(value, first, a11);
            b11 = TSimd.MultiplyAdd(value, second, b11);
        }

        TSimd.Store(a0, y);
        TSimd.Store(b0, y + 16);
        TSimd.Store(a1, y + yStride);
        TSimd.Store(b1, y + yStride + 16);
        TSimd.Store(a2, y + (2 * yStride));
        TSimd.Store(b2, y + (2 * yStride) + 16);
        TSimd.Store(a3, y + (3 * yStride));
        TSimd.Store(b3, y + (3 * yStride) + 16);
        TSimd.Store(a4, y + (4 * yStride));
        TSimd.Store(b4, y + (4 * yStride) + 16);
        TSimd.Store(a5, y + (5 * yStride));
        TSimd.Store(b5, y + (5 * yStride) + 16);
        TSimd.Store(a6, y + (6 * yStride));
        TSimd.Store(b6, y + (6 * yStride) + 16);
        TSimd.Store(a7, y + (7 * yStride));
        TSimd.Store(b7, y + (7 * yStride) + 16);
        TSimd.Store(a8, y + (8 * yStride));
        TSimd.Store(b8, y + (8 * yStride) + 16);
        TSimd.Store(a9, y + (9 * yStride));
        TSimd.Store(b9, y + (9 * yStride) + 16);
        TSimd.Store(a10, y + (10 * yStride));
        TSimd.Store(b10, y + (10 * yStride) + 16);
        TSimd.Store(a11, y + (11 * yStride));
        TSimd.Store(b11, y + (11 * yStride) + 16);
    }

    /// <summary>8 rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows8(
        float* x, byte* panel, byte* ahead, int count, float* start, nint startStride, float* y, nint yStride, int lane)
    {
        var a0 = TSimd.Load(start);
        var b0 = TSimd.Load(start + 16);
        var a1 = TSimd.Load(start + startStride);
        var b1 = TSimd.Load(start + startStride + 16);
        var a2 = TSimd.Load(start + (2 * startStride));
        var b2 = TSimd.Load(start + (2 * startStride) + 16);
        var a3 = TSimd.Load(start + (3 * startStride));
        var b3 = TSimd.Load(start + (3 * startStride) + 16);
        var a4 = TSimd.Load(start + (4 * startStride));
        var b4 = TSimd.Load(start + (4 * startStride) + 16);
        var a5 = TSimd.Load(start + (5 * startStride));
        var b5 = TSimd.Load(start + (5 * startStride) + 16);
        var a6 = TSimd.Load(start + (6 * startStride));
        var b6 = TSimd.Load(start + (6 * startStride) + 16);
        var a7 = TSimd.Load(start + (7 * startStride));
        var b7 = TSimd.Load(start + (7 * startStride) + 16);

        for (var k = 0; k < count; k++, x += 8, panel += TPanel.RowBytes, ahead += 64)
        {
            Prefetch.IntoL2(ahead);
            var first = TPanel.First(panel, lane);
            var second = TPanel.Second(panel, lane);
            var value = TSimd.Create(*x);
            a0 = TSimd.MultiplyAdd(value, first, a0);
            b0 = TSimd.MultiplyAdd(value, second, b0);
            value = TSimd.Create(x[1]);
            a1 = TSimd.MultiplyAdd(value, first, a1);
            b1 = TSimd.MultiplyAdd(value, second, b1);
            value = TSimd.Create(x[2]);
            a2 = TSimd.MultiplyAdd(value, first, a2);
            b2 = TSimd.MultiplyAdd(value, second, b2);
            value = TSimd.Create(x[3]);
            a3 = TSimd.MultiplyAdd(value, first, a3);
            b3 = TSimd.MultiplyAdd(value, second, b3);
            value = TSimd.Create(x[4]);
            a4 = TSimd.MultiplyAdd(value, first, a4);
            b4 = TSimd.MultiplyAdd(value, second, b4);
            value = TSimd.Create(x[5]);
            a5 = TSimd.MultiplyAdd(value, first, a5);
            b5 = TSimd.MultiplyAdd(value, second, b5);
            value = TSimd.Create(x[6]);
            a6 = TSimd.MultiplyAdd(value, first, a6);
            b6 = TSimd.MultiplyAdd(value, second, b6);
            value = TSimd.Create(x[7]);
            a7 = TSimd.MultiplyAdd(value, first, a7);
            b7 = TSimd.MultiplyAdd(value, second, b7);
        }

        TSimd.Store(a0, y);
        TSimd.Store(b0, y + 16);
        TSimd.Store(a1, y + yStride);
        TSimd.Store(b1, y + yStride + 16);
        TSimd.Store(a2, y + (2 * yStride));
        TSimd.Store(b2, y + (2 * yStride) + 16);
        TSimd.Store(a3, y + (3 * yStride));
        TSimd.Store(b3, y + (3 * yStride) + 16);
        TSimd.Store(a4, y + (4 * yStride));
        TSimd.Store(b4, y + (4 * yStride) + 16);
        TSimd.Store(a5, y + (5 * yStride));
        TSimd.Store(b5, y + (5 * yStride) + 16);
        TSimd.Store(a6, y + (6 * yStride));
        TSimd.Store(b6, y + (6 * yStride) + 16);
        TSimd.Store(a7, y + (7 * yStride));
        TSimd.Store(b7, y + (7 * yStride) + 16);
    }

    /// <summary>4 rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows4(
        float* x, byte* panel, byte* ahead, int count, float* start, nint startStride, float* y, nint yStride, int lane)
    {
        var a0 = TSimd.Load(start);
        var b0 = TSimd.Load(start + 16);
        var a1 = TSimd.Load(start + startStride);
        var b1 = TSimd.Load(start + startStride + 16);
        var a2 = TSimd.Load(start + (2 * startStride));
        var b2 = TSimd.Load(start + (2 * startStride) + 16);
        var a3 = TSimd.Load(start + (3 * startStride));
        var b3 = TSimd.Load(start + (3 * startStride) + 16);

        for (var k = 0; k < count; k++, x += 4, panel += TPanel.RowBytes, ahead += 64)
        {
            Prefetch.IntoL2(ahead);
            var first = TPanel.First(panel, lane);
            var second = TPanel.Second(panel, lane);
            var value = TSimd.Create(*x);
            a0 = TSimd.MultiplyAdd(value, first, a0);
            b0 = TSimd.MultiplyAdd(value, second, b0);
            value = TSimd.Create(x[1]);
            a1 = TSimd.MultiplyAdd(value, first, a1);
            b1 = TSimd.MultiplyAdd(value, second, b1);
            value = TSimd.Create(x[2]);
            a2 = TSimd.MultiplyAdd(value, first, a2);
            b2 = TSimd.MultiplyAdd(value, second, b2);
            value = TSimd.Create(x[3]);
            a3 = TSimd.MultiplyAdd(value, first, a3);
            b3 = TSimd.MultiplyAdd(value, second, b3);
        }

        TSimd.Store(a0, y);
        TSimd.Store(b0, y + 16);
        TSimd.Store(a1, y + yStride);
        TSimd.Store(b1, y + yStride + 16);
        TSimd.Store(a2, y + (2 * yStride));
        TSimd.Store(b2, y + (2 * yStride) + 16);
        TSimd.Store(a3, y + (3 * yStride));
        TSimd.Store(b3, y + (3 * yStride) + 16);
    }
}
