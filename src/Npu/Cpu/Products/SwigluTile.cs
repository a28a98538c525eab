using AkkaCp.Npu.Cpu.Products.Kernels;
using AkkaCp.Npu.Cpu.Products.Packing;
using AkkaCp.Npu.Cpu.Simd;

namespace AkkaCp.Npu.Cpu.Products;

/// <summary>
/// A block of a gated product: y = silu(x·Wgᵀ) · x·Wuᵀ. The sums of a few panels of gate and up are made in the worker's own memory,
/// which its caches hold, and only their 32 outputs for each pair of panels go to y. Sums are the product's own, bit by bit.
/// </summary>
internal readonly unsafe struct SwigluTile(float* sums, int panelsAtOnce)
{
    private const int Width = CpuPackedMatrix.PanelWidth;

    // A line more than the sums take, so that rows do not lie a power of two apart.
    private const int Gap = 16;

    private nint Stride => StrideFor(panelsAtOnce);

    /// <summary>Floats for the sums of <paramref name="rows"/> rows.</summary>
    public static int Floats(int rows, int panelsAtOnce) => checked(rows * (int)StrideFor(panelsAtOnce));

    /// <summary>Computes a block with F32, BF16 or F8 weights.</summary>
    public void Compute(KernelVariant variant, in MatMulBlock block, DType weights)
    {
        var part = block;
        part.Y = sums;
        part.YStride = Stride;
        part.Streams = false;
        for (var panel = 0; panel < block.Panels; panel += panelsAtOnce)
        {
            part.Panel = block.Panel + (panel * block.PanelBytes);
            part.Panels = Math.Min(panelsAtOnce, block.Panels - panel);
            part.Columns = part.Panels * Width;
            variant.Multiply(part, weights);
            part.RowsPacked = true;
            Activate(panel, block.Rows, part.Panels, block.Columns, block.Y, block.YStride, block.Streams);
        }
    }

    /// <summary>Computes a block with quantised weights.</summary>
    public void Compute(QuantKernels kernels, in QuantBlock block)
    {
        var part = block;
        part.Y = sums;
        part.YStride = Stride;
        part.Streams = false;
        for (var panel = 0; panel < block.Panels; panel += panelsAtOnce)
        {
            part.Panel = block.Panel + (panel * block.PanelBytes);
            part.Panels = Math.Min(panelsAtOnce, block.Panels - panel);
            part.Columns = part.Panels * Width;
            kernels.Compute(part);
            Activate(panel, block.Rows, part.Panels, block.Columns, block.Y, block.YStride, block.Streams);
        }
    }

    private static nint StrideFor(int panelsAtOnce) => (panelsAtOnce * Width) + Gap;

    // The outputs of some pairs of panels. Past the caches go whole rows, which take the place of their sums first.
    private void Activate(int panel, int rows, int panels, int columns, float* y, nint yStride, bool streams)
    {
        var column = panel / 2 * Width;
        var count = Math.Min(panels / 2 * Width, columns - column);
        SwigluPanels.Rows(sums, Stride, rows, count, streams ? sums : y + column, streams ? Stride : yStride);
        if (streams)
            StreamRows.Copy(sums, Stride, y + column, yStride, rows, count);
    }
}
