using AkkaCp.Npu.Cpu.Products.Kernels;
using AkkaCp.Npu.Cpu.Simd;
using AkkaCp.Npu.Cpu.Threads;

namespace AkkaCp.Npu.Cpu.Products;

/// <summary>A product with F32 or BF16 weights as items.</summary>
internal unsafe struct MatMulWork : IWork
{
    public ProductPlan Plan;
    public float* X;
    public nint XStride;
    public DType Weights;

    /// <summary>x is BF16 already; strides count its elements.</summary>
    public bool Rounded;
    public KernelVariant Variant;

    /// <inheritdoc/>
    public readonly void Execute(int item, int worker)
    {
        var part = Plan.Part(item, Variant.TileRows);
        var block = new MatMulBlock
        {
            X = Plan.Index is null ? X + (part.FirstRow * XStride) : X,
            XStride = XStride,
            Rounded = Rounded,
            Index = Plan.Index is null ? null : Plan.Index + part.FirstRow,
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
        if (Plan.Gated)
        {
            new SwigluTile(Plan.Sums[worker], Plan.PanelsAtOnce).Compute(Variant, block, Weights);
        }
        else
        {
            Variant.Compute(block, Weights);
        }

        if (Plan.Streams)
        {
            StreamRows.Fence();
        }
    }
}
