using AkkaCp.Npu.Cpu.Kernels;
using AkkaCp.Npu.Cpu.Variants;

namespace AkkaCp.Npu.Cpu;

/// <summary>Rows of x that belong to one matrix.</summary>
internal unsafe struct MatMulGroup
{
    public byte* Weights;
    public int FirstRow;
    public int Rows;

    /// <summary>Number of the group's first row block among all groups', and how many it has.</summary>
    public int FirstBlock;
    public int Blocks;
}

/// <summary>A product as items: item i is row block i / ColumnBlocks (over all groups) against column block i mod ColumnBlocks.</summary>
internal unsafe struct MatMulWork : IWork
{
    public MatMulGroup* Groups;
    public int GroupCount;
    public float* X;
    public nint XStride;
    public float* Y;
    public nint YStride;
    public float* Bias;
    public int K;
    public int N;
    public nint PanelBytes;
    public int Panels;
    public int PanelsPerItem;
    public int ColumnBlocks;
    public DType Weights;
    public WorkerScratch Scratch;
    public KernelVariant Variant;

    /// <inheritdoc/>
    public readonly void Execute(int item, int worker)
    {
        var (rowBlock, columnBlock) = Math.DivRem(item, ColumnBlocks);
        ref readonly var group = ref FindGroup(Groups, GroupCount, rowBlock);
        var (firstRow, rows) = RowsOf(group, rowBlock - group.FirstBlock, Variant.TileRows);
        var panel = columnBlock * PanelsPerItem;
        var column = panel * CpuPackedMatrix.PanelWidth;
        var block = new MatMulBlock
        {
            X = X + (firstRow * XStride),
            XStride = XStride,
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
        };
        Variant.Compute(block, Weights);
    }

    // The last group whose first block is not behind the wanted one; empty groups share their successor's number.
    internal static ref readonly MatMulGroup FindGroup(MatMulGroup* groups, int count, int rowBlock)
    {
        var (low, high) = (0, count - 1);
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (groups[middle].FirstBlock <= rowBlock)
            {
                low = middle;
            }
            else
            {
                high = middle - 1;
            }
        }

        return ref groups[low];
    }

    // Blocks of nearly equal size, in whole tiles.
    internal static (int First, int Rows) RowsOf(in MatMulGroup group, int block, int tileRows)
    {
        var tiles = (group.Rows + tileRows - 1) / tileRows;
        var first = (int)((long)tiles * block / group.Blocks) * tileRows;
        var end = Math.Min((int)((long)tiles * (block + 1) / group.Blocks) * tileRows, group.Rows);
        return (group.FirstRow + first, end - first);
    }
}
