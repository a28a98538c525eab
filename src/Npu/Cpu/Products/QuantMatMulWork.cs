using AkkaCp.Npu.Cpu.Products.Kernels;
using AkkaCp.Npu.Cpu.Simd;
using AkkaCp.Npu.Cpu.Threads;

namespace AkkaCp.Npu.Cpu.Products;

/// <summary>A product with quantised weights as items.</summary>
internal unsafe struct QuantMatMulWork : IWork
{
    public ProductTasks Tasks;
    public byte* X;
    public nint XStride;

    /// <summary>One for each row of x, or null where rows bring their own.</summary>
    public float* XScales;
    public QuantKernels Kernels;

    /// <inheritdoc/>
    public readonly void Execute(int item, int worker)
    {
        var task = Tasks.At(item, Kernels.TileRows);
        var block = new QuantBlock
        {
            X = X + (task.FirstRow * XStride),
            XStride = XStride,
            XScales = XScales is null ? null : XScales + task.FirstRow,
            Rows = task.Rows,
            K = Tasks.K,
            Panel = task.Panel,
            PanelBytes = Tasks.PanelBytes,
            Panels = task.Panels,
            Columns = task.Columns,
            Bias = Tasks.Bias is null ? null : Tasks.Bias + task.Column,
            Y = Tasks.Y + (task.FirstRow * Tasks.YStride) + task.Column,
            YStride = Tasks.YStride,
            Streams = Tasks.Streams,
            Scratch = Tasks.Scratch[worker],
        };
        if (Tasks.Index is not null)
            Gather(ref block, Tasks.Index + task.FirstRow, Tasks.Sums[worker] + SwigluTile.Floats(task.Rows, Tasks.PanelsAtOnce));

        if (Tasks.Gated)
            new SwigluTile(Tasks.Sums[worker], Tasks.PanelsAtOnce).Compute(Kernels, block);
        else
            Kernels.Compute(block);

        if (Tasks.Streams)
            StreamRows.Fence();
    }

    /// <summary>Floats that the rows and scales of a block take where an index scatters them.</summary>
    public static int GatherFloats(int rows, nint stride) => checked(rows * ((int)(stride / sizeof(float)) + 1)) + 16;

    // Tiles step from row to row by a stride: rows from here and there are put below each other, behind their scales.
    private readonly void Gather(ref QuantBlock block, int* index, float* memory)
    {
        var rows = (byte*)(memory + ((block.Rows + 15) / 16 * 16));
        for (var t = 0; t < block.Rows; t++)
        {
            if (XScales is not null)
                memory[t] = XScales[index[t]];

            new ReadOnlySpan<byte>(X + (index[t] * XStride), (int)XStride).CopyTo(new Span<byte>(rows + (t * XStride), (int)XStride));
        }

        block.X = rows;
        block.XScales = memory;
    }
}
