using System.Numerics;

namespace AkkaCp.Npu.Cpu.Kernels;

/// <summary>
/// y = (float)sum · s_w · s_x (+ bias), each operation rounded to nearest even, in that order (the end of CANN npu_quant_matmul).
/// Full vectors, then a scalar remainder; the same bits at every width.
/// </summary>
internal static unsafe class Dequant
{
    /// <summary>Outputs of one row.</summary>
    /// <param name="sums">[count] exact sums.</param>
    /// <param name="scales">[count] of the outputs.</param>
    /// <param name="scale">Of the row of x.</param>
    /// <param name="bias">[count], or null.</param>
    /// <param name="y">[count].</param>
    /// <param name="count">Outputs.</param>
    public static void Row(int* sums, float* scales, float scale, float* bias, float* y, int count)
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
