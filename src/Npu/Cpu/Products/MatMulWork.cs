using AkkaCp.Npu.Cpu.Products.Kernels;
using AkkaCp.Npu.Cpu.Simd;
using AkkaCp.Npu.Cpu.Threads;

namespace AkkaCp.Npu.Cpu.Products;

/// <summary>A product with F32, BF16 or F8 weights as items.</summary>
internal unsafe struct MatMulWork : IWork
{
    public ProductTasks Tasks;
    public float* X;
    public nint XStride;
    public DType Weights;

    /// <summary>x is BF16 already; strides count its elements.</summary>
    public bool Rounded;
    public KernelVariant Variant;

    /// <inheritdoc/>
    public readonly void Execute(int item, int worker)
    {
        var task = Tasks.At(item, Variant.TileRows);
        var block = new MatMulBlock
        {
            X = Tasks.Index is null ? X + (task.FirstRow * XStride) : X,
            XStride = XStride,
            Rounded = Rounded,
            Index = Tasks.Index is null ? null : Tasks.Index + task.FirstRow,
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
        if (Tasks.Gated)
            new SwigluTile(Tasks.Sums[worker], Tasks.PanelsAtOnce).Compute(Variant, block, Weights);
        else
            Variant.Multiply(block, Weights);

        if (Tasks.Streams)
            StreamRows.Fence();
    }
}
