using AkkaCp.Npu.Cpu.Kernels;
using AkkaCp.Npu.Cpu.Variants;

namespace AkkaCp.Npu.Cpu;

/// <summary>A product with I8 weights as items, numbered as <see cref="MatMulWork"/>'s.</summary>
internal unsafe struct QuantMatMulWork : IWork
{
    public MatMulGroup* Groups;
    public int GroupCount;
    public byte* X;
    public nint XStride;
    public float* XScales;
    public float* Y;
    public nint YStride;
    public float* Bias;
    public int K;
    public int N;
    public nint PanelBytes;
    public int Panels;
    public int PanelsPerItem;
    public int ColumnBlocks;
    public WorkerScratch Scratch;
    public I8Kernels Kernels;

    /// <inheritdoc/>
    public readonly void Execute(int item, int worker)
    {
        var (rowBlock, columnBlock) = Math.DivRem(item, ColumnBlocks);
        ref readonly var group = ref MatMulWork.FindGroup(Groups, GroupCount, rowBlock);
        var (firstRow, rows) = MatMulWork.RowsOf(group, rowBlock - group.FirstBlock, Kernels.TileRows);
        var panel = columnBlock * PanelsPerItem;
        var column = panel * CpuPackedMatrix.PanelWidth;
        Kernels.Compute(new I8Block
        {
            X = X + (firstRow * XStride),
            XStride = XStride,
            XScales = XScales + firstRow,
            Rows = rows,
            K = K,
            Panel = group.Weights + (panel * PanelBytes),
            PanelBytes = PanelBytes,
            Panels = Math.Min(PanelsPerItem, Panels - panel),
            Columns = Math.Min(PanelsPerItem * CpuPackedMatrix.PanelWidth, N - column),
            Bias = Bias is null ? null : Bias + column,
            Y = Y + (firstRow * YStride) + column,
            YStride = YStride,
            Scratch = Scratch[worker],
        });
    }
}
