using AkkaCp.Npu.Cpu.Products.Packing;
using AkkaCp.Npu.Cpu.Threads;

namespace AkkaCp.Npu.Cpu.Products;

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

/// <summary>What one item works on: some rows against some panels; <see cref="Columns"/> counts outputs of y.</summary>
internal unsafe struct ProductTask
{
    public int FirstRow;
    public int Rows;
    public byte* Panel;
    public int Panels;
    public int Column;
    public int Columns;
}

/// <summary>
/// A product cut into items: item i is row block i / ColumnBlocks (over all groups) against column block i mod ColumnBlocks. Where
/// <see cref="Gated"/>, panels are gate and up in turn (<see cref="CpuPackedMatrix"/>), two of them for 32 outputs of y.
/// </summary>
internal unsafe struct ProductTasks
{
    public MatMulGroup* Groups;
    public int GroupCount;

    /// <summary>Row of x for each row of y; null = the same.</summary>
    public int* Index;
    public float* Y;
    public nint YStride;
    public float* Bias;
    public int K;

    /// <summary>Outputs of y.</summary>
    public int Columns;
    public nint PanelBytes;
    public int Panels;
    public int PanelsPerItem;
    public int ColumnBlocks;
    public bool Gated;

    /// <summary>True when y is so large that its first rows would have left the caches before anyone reads them.</summary>
    public bool Streams;

    /// <summary>Panels of a gated product whose sums <see cref="Sums"/> holds at a time.</summary>
    public int PanelsAtOnce;
    public WorkerScratch Sums;
    public WorkerScratch Scratch;

    /// <summary>Rows and panels of one item.</summary>
    public readonly ProductTask At(int item, int tileRows)
    {
        var (rowBlock, columnBlock) = Math.DivRem(item, ColumnBlocks);
        ref readonly var group = ref FindGroup(rowBlock);
        var (firstRow, rows) = RowsOf(group, rowBlock - group.FirstBlock, tileRows);
        var panel = columnBlock * PanelsPerItem;
        var width = Gated ? CpuPackedMatrix.PanelWidth / 2 : CpuPackedMatrix.PanelWidth;
        return new ProductTask
        {
            FirstRow = firstRow,
            Rows = rows,
            Panel = group.Weights + (panel * PanelBytes),
            Panels = Math.Min(PanelsPerItem, Panels - panel),
            Column = panel * width,
            Columns = Math.Min(PanelsPerItem * width, Columns - (panel * width)),
        };
    }

    // The last group whose first block is not behind the wanted one; empty groups share their successor's number.
    private readonly ref readonly MatMulGroup FindGroup(int rowBlock)
    {
        var (low, high) = (0, GroupCount - 1);
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (Groups[middle].FirstBlock <= rowBlock)
                low = middle;
            else
                high = middle - 1;
        }

        return ref Groups[low];
    }

    // Blocks of nearly equal size, in whole tiles.
    private static (int First, int Rows) RowsOf(in MatMulGroup group, int block, int tileRows)
    {
        var tiles = (group.Rows + tileRows - 1) / tileRows;
        var first = (int)((long)tiles * block / group.Blocks) * tileRows;
        var end = Math.Min((int)((long)tiles * (block + 1) / group.Blocks) * tileRows, group.Rows);
        return (group.FirstRow + first, end - first);
    }
}
