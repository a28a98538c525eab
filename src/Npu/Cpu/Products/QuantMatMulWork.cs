using AkkaCp.Npu.Cpu.Products.Kernels;
using AkkaCp.Npu.Cpu.Simd;
using AkkaCp.Npu.Cpu.Threads;

namespace AkkaCp.Npu.Cpu.Products;

/// <summary>A product with I8 weights as items.</summary>
internal unsafe struct QuantMatMulWork : IWork
{
    public ProductPlan Plan;
    public byte* X;
    public nint XStride;
    public float* XScales;
    public I8Kernels Kernels;

    /// <inheritdoc/>
    public readonly void Execute(int item, int worker)
    {
        var part = Plan.Part(item, Kernels.TileRows);
        var block = new I8Block
        {
            X = X + (part.FirstRow * XStride),
            XStride = XStride,
            XScales = XScales + part.FirstRow,
            Rows = part.Rows,
            K = Plan.K,
            Panel = part.Panel,
            PanelBytes = Plan.PanelBytes,
            Panels = part.Panels,
            Columns = part.Columns,
            Bias = Plan.Bias is null ? null : Plan.Bias + part.Column,
            Y = Plan.Y + (part.FirstRow * Plan.YStride) + part.Column,
            YStride = Plan.YStride,
            Streams = Plan.Streams,
            Scratch = Plan.Scratch[worker],
        };
        if (Plan.Index is not null)
        {
            Gather(ref block, Plan.Index + part.FirstRow, Plan.Sums[worker] + SwigluTile.Floats(part.Rows, Plan.PanelsAtOnce));
        }

        if (Plan.Gated)
        {
            new SwigluTile(Plan.Sums[worker], Plan.PanelsAtOnce).Compute(Kernels, block);
        }
        else
        {
            Kernels.Compute(block);
        }

        if (Plan.Streams)
        {
            StreamRows.Fence();
        }
    }

    /// <summary>Floats that the rows and scales of a block take where an index scatters them.</summary>
    public static int GatherFloats(int rows, nint stride) => checked(rows * ((int)(stride / sizeof(float)) + 1)) + 16;

    // Tiles step from row to row by a stride: rows from here and there are put below each other, behind their scales.
    private readonly void Gather(ref I8Block block, int* index, float* memory)
    {
        var rows = (byte*)(memory + ((block.Rows + 15) / 16 * 16));
        for (var t = 0; t < block.Rows; t++)
        {
            memory[t] = XScales[index[t]];
            new ReadOnlySpan<byte>(X + (index[t] * XStride), (int)XStride).CopyTo(new Span<byte>(rows + (t * XStride), (int)XStride));
        }

        block.X = rows;
        block.XScales = memory;
    }
}
