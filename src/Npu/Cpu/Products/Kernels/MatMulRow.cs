using System.Runtime.CompilerServices;
using AkkaCp.Npu.Cpu.Products.Packing;
using AkkaCp.Npu.Cpu.Simd;

namespace AkkaCp.Npu.Cpu.Products.Kernels;

/// <summary>
/// The inner loops for a single row (decode): the chain of <see cref="MatMulTile{TSimd,TVector,TPanel}"/>, over several panels at
/// once. Four panels are eight chains, as many as two FMA units of latency 4 need, and four streams of memory. x is the row itself;
/// start and y point at output lane of the first panel, whose panels lie 32 apart.
/// </summary>
internal static unsafe class MatMulRow<TSimd, TVector, TPanel>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
    where TPanel : struct, IPanel<TVector>
{
    /// <summary>4 panels, 128 outputs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Panels4(float* x, byte* panel, nint panelBytes, int count, float* start, float* y, int lane)
    {
        var a0 = TSimd.Load(start);
        var b0 = TSimd.Load(start + 16);
        var a1 = TSimd.Load(start + 32);
        var b1 = TSimd.Load(start + 48);
        var a2 = TSimd.Load(start + 64);
        var b2 = TSimd.Load(start + 80);
        var a3 = TSimd.Load(start + 96);
        var b3 = TSimd.Load(start + 112);

        for (var k = 0; k < count; k++, panel += TPanel.RowBytes)
        {
            var value = TSimd.Create(x[k]);
            a0 = TSimd.MultiplyAdd(value, TPanel.First(panel, lane), a0);
            b0 = TSimd.MultiplyAdd(value, TPanel.Second(panel, lane), b0);
            a1 = TSimd.MultiplyAdd(value, TPanel.First(panel + panelBytes, lane), a1);
            b1 = TSimd.MultiplyAdd(value, TPanel.Second(panel + panelBytes, lane), b1);
            a2 = TSimd.MultiplyAdd(value, TPanel.First(panel + (2 * panelBytes), lane), a2);
            b2 = TSimd.MultiplyAdd(value, TPanel.Second(panel + (2 * panelBytes), lane), b2);
            a3 = TSimd.MultiplyAdd(value, TPanel.First(panel + (3 * panelBytes), lane), a3);
            b3 = TSimd.MultiplyAdd(value, TPanel.Second(panel + (3 * panelBytes), lane), b3);
        }

        TSimd.Store(a0, y);
        TSimd.Store(b0, y + 16);
        TSimd.Store(a1, y + 32);
        TSimd.Store(b1, y + 48);
        TSimd.Store(a2, y + 64);
        TSimd.Store(b2, y + 80);
        TSimd.Store(a3, y + 96);
        TSimd.Store(b3, y + 112);
    }

    /// <summary>1 panel, 32 outputs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Panels1(float* x, byte* panel, int count, float* start, float* y, int lane)
    {
        var a0 = TSimd.Load(start);
        var b0 = TSimd.Load(start + 16);

        for (var k = 0; k < count; k++, panel += TPanel.RowBytes)
        {
            var value = TSimd.Create(x[k]);
            a0 = TSimd.MultiplyAdd(value, TPanel.First(panel, lane), a0);
            b0 = TSimd.MultiplyAdd(value, TPanel.Second(panel, lane), b0);
        }

        TSimd.Store(a0, y);
        TSimd.Store(b0, y + 16);
    }
}
