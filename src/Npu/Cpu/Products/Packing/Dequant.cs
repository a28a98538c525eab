using System.Numerics;
using System.Runtime.Intrinsics;

namespace AkkaCp.Npu.Cpu.Products.Packing;

/// <summary>
/// y = (float)sum · s_w · s_x (+ bias), each operation rounded to nearest even, in that order (the end of CANN npu_quant_matmul).
/// A whole panel in two vectors of 512 bits where there are such; else full vectors, then a scalar remainder. The same bits at every
/// width.
/// </summary>
internal static unsafe class Dequant
{
    private const int Width = CpuPackedMatrix.PanelWidth;

    /// <summary>Some rows of one panel's outputs.</summary>
    /// <param name="sums">[rows, count] exact sums, <paramref name="sumStride"/> apart.</param>
    /// <param name="sumStride">Integers from row to row.</param>
    /// <param name="scales">[count] of the outputs.</param>
    /// <param name="rowScales">[rows] of the rows of x.</param>
    /// <param name="bias">[count], or null.</param>
    /// <param name="y">[rows, count], <paramref name="yStride"/> apart.</param>
    /// <param name="yStride">Floats from row to row.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="count">Outputs, at most 32.</param>
    public static void Rows(
        int* sums, nint sumStride, float* scales, float* rowScales, float* bias, float* y, nint yStride, int rows, int count)
    {
        if (Vector512.IsHardwareAccelerated && count == Width)
        {
            WholePanel(sums, sumStride, scales, rowScales, bias, y, yStride, rows);
            return;
        }

        for (var row = 0; row < rows; row++)
            Row(sums + (row * sumStride), scales, rowScales[row], bias, y + (row * yStride), count);
    }

    private static void WholePanel(
        int* sums, nint sumStride, float* scales, float* rowScales, float* bias, float* y, nint yStride, int rows)
    {
        Vector512<float> scaleA = Vector512.Load(scales), scaleB = Vector512.Load(scales + 16);
        for (var row = 0; row < rows; row++, sums += sumStride, y += yStride)
        {
            var scale = Vector512.Create(rowScales[row]);
            var a = Vector512.ConvertToSingle(Vector512.Load(sums)) * scaleA * scale;
            var b = Vector512.ConvertToSingle(Vector512.Load(sums + 16)) * scaleB * scale;
            if (bias is not null)
            {
                a += Vector512.Load(bias);
                b += Vector512.Load(bias + 16);
            }

            a.Store(y);
            b.Store(y + 16);
        }
    }

    private static void Row(int* sums, float* scales, float scale, float* bias, float* y, int count)
    {
        var i = 0;
        for (; i <= count - Vector<float>.Count; i += Vector<float>.Count)
        {
            var value = Vector.ConvertToSingle(Vector.Load(sums + i)) * Vector.Load(scales + i) * new Vector<float>(scale);
            Vector.Store(bias is null ? value : value + Vector.Load(bias + i), y + i);
        }

        for (; i < count; i++)
        {
            var value = sums[i] * scales[i] * scale;
            y[i] = bias is null ? value : value + bias[i];
        }
    }
}
