using AkkaCp.Npu.Cpu.Products;
using AkkaCp.Npu.Cpu.Products.Kernels;
using AkkaCp.Npu.Cpu.Products.Packing;
using AkkaCp.Npu.Cpu.Threads;

namespace AkkaCp.Npu.Cpu;

// How products are cut into items. One list of items covers groups × row blocks × column blocks, so that one dispatch serves a whole
// layer's experts.
public sealed unsafe partial class CpuDevice
{
    // Enough items for each worker that the last ones to finish are not much later than the first.
    private const int ItemsPerWorker = 4;

    // Results of this size have left the caches when the next operator comes to read their first rows.
    private const long StreamedBytes = 8 << 20;

    // Panels of a gated product whose sums are made at once: a pair, two where a block's only tile takes four panels, and many where
    // each time rows have to be packed anew.
    private const int FewPanels = 2;
    private const int PanelsOfOneTile = 4;
    private const int ManyPanels = 32;

    // Rows of x from which on they are rounded in a pass of their own when an index names each at least twice.
    private const int FewestRounded = 32;

    private readonly ConvertedRows _converted;
    private MatMulGroup[] _groups = new MatMulGroup[1];
    private WorkerScratch _sums;

    private int SingleGroup(CpuPackedMatrix matrix, int rows)
    {
        _groups[0] = new MatMulGroup { Weights = matrix.Data, FirstRow = 0, Rows = rows };
        return 1;
    }

    private void RunProduct(in ProductCall call, int groups)
    {
        fixed (MatMulGroup* first = _groups)
        {
            if (call.Weights.DType is DType.F32 or DType.BF16 or DType.F8)
                RunFloatProduct(call, first, groups);
            else
                RunQuantProduct(call, first, groups);
        }
    }

    private void RunFloatProduct(in ProductCall call, MatMulGroup* groups, int count)
    {
        var (w, k) = (call.Weights, call.Weights.K);
        var inputs = w.DType == DType.F8 ? DType.BF16 : w.DType;
        var rowBlocks = CutRows(groups, count, _variant.RowsFor(k, inputs), _variant.TileRows, out var largest);
        if (rowBlocks == 0)
            return;

        var tasks = TasksOf(call, groups, count, rowBlocks);
        if (tasks.Gated)
        {
            tasks.PanelsAtOnce = w.DType == DType.F8 ? Math.Min(F8Loop.PanelsTogether, tasks.PanelsPerItem)
                : !_variant.KeepsRows(largest, k, inputs) ? Math.Min(ManyPanels, tasks.PanelsPerItem)
                : largest <= _variant.TileRows ? PanelsOfOneTile : FewPanels;
            tasks.Sums = ReserveSums(SwigluTile.Floats(largest, tasks.PanelsAtOnce));
        }

        var work = new MatMulWork
        {
            Tasks = tasks,
            X = (float*)call.X.Data,
            XStride = call.X.RowStride,
            Weights = w.DType,
            Variant = _variant,
        };
        if (call.Index is not null && call.X.Rows >= FewestRounded && call.Rows >= 2 * call.X.Rows && _variant.RoundsRows(inputs))
            RoundRows(call.X, ref work);

        Workers.Run(rowBlocks * tasks.ColumnBlocks, work);
    }

    // x is quantised once, row by row, then multiplied.
    private void RunQuantProduct(in ProductCall call, MatMulGroup* groups, int count)
    {
        var (w, layout) = (call.Weights, call.Weights.Layout);
        var kernels = _variant.Integers[w.DType];
        var rowBlocks = CutRows(groups, count, kernels.RowsFor(w.K), kernels.TileRows, out var largest);
        if (rowBlocks == 0)
            return;

        QuantizeRows(call.X, layout, kernels);
        var tasks = TasksOf(call, groups, count, rowBlocks);
        if (tasks.Gated)
        {
            tasks.PanelsAtOnce = largest <= kernels.TileRows ? PanelsOfOneTile : FewPanels;
            tasks.Sums = ReserveSums(
                SwigluTile.Floats(largest, tasks.PanelsAtOnce) + QuantMatMulWork.GatherFloats(largest, _converted.Stride));
        }

        Workers.Run(rowBlocks * tasks.ColumnBlocks, new QuantMatMulWork
        {
            Tasks = tasks,
            X = _converted.Rows,
            XStride = _converted.Stride,
            XScales = layout is null ? _converted.Scales : null,
            Kernels = kernels,
        });
    }

    private void QuantizeRows(TensorView x, GroupLayout? layout, QuantKernels kernels)
    {
        var k = x.RowLength;
        var splits = kernels is I8Kernels { SplitsX: true };
        _converted.Reserve(x.Rows, layout is not null ? layout.RowBytes(k) : splits ? SplitX.Bytes(k) : k);
        if (layout is not null)
            RunRows(x.Rows, k, new GroupQuantRow(x, layout, _converted.Rows, _converted.Stride));
        else if (splits)
            RunRows(x.Rows, k, new SplitQuantRow(x, _converted.Rows, _converted.Stride, _converted.Scales));
        else
            RunRows(x.Rows, k, new DynamicQuantRow(x, _converted.Rows, _converted.Stride, _converted.Scales));
    }

    private void RoundRows(TensorView x, ref MatMulWork work)
    {
        _converted.Reserve(x.Rows, (nint)x.RowLength * sizeof(ushort));
        RunRows(x.Rows, x.RowLength, new RoundRow(x, _converted.Rows, _converted.Stride));
        work.X = (float*)_converted.Rows;
        work.XStride = _converted.Stride / sizeof(ushort);
        work.Rounded = true;
    }

    private ProductTasks TasksOf(in ProductCall call, MatMulGroup* groups, int count, int rowBlocks)
    {
        var w = call.Weights;
        var panelsPerItem = w.IsGated ? 2 * PanelsPerItem(w.Panels / 2, rowBlocks) : PanelsPerItem(w.Panels, rowBlocks);
        return new ProductTasks
        {
            Groups = groups,
            GroupCount = count,
            Index = call.Index,
            Y = (float*)call.Y.Data,
            YStride = call.Y.RowStride,
            Bias = call.Bias,
            K = w.K,
            Columns = call.Y.RowLength,
            PanelBytes = w.PanelBytes,
            Panels = w.Panels,
            PanelsPerItem = panelsPerItem,
            ColumnBlocks = (w.Panels + panelsPerItem - 1) / panelsPerItem,
            Gated = w.IsGated,
            Streams = call.Y.Count * sizeof(float) >= StreamedBytes,
            Scratch = _scratch,
        };
    }

    // Numbers the groups' row blocks, gives how many they are and the rows of the largest.
    private int CutRows(MatMulGroup* groups, int count, int maxRows, int tileRows, out int largest)
    {
        var total = 0;
        largest = 0;
        for (var g = 0; g < count; g++)
        {
            ref var group = ref groups[g];
            var tiles = (group.Rows + tileRows - 1) / tileRows;
            group.FirstBlock = total;
            group.Blocks = (group.Rows + maxRows - 1) / maxRows;
            if (count == 1 && group.Blocks > 1)
            {
                // A lone matrix has no other blocks to fill the gap at the end with: each worker gets as many as the others.
                group.Blocks = Math.Min(tiles, (group.Blocks + Threads - 1) / Threads * Threads);
            }

            total += group.Blocks;
            if (group.Blocks > 0)
                largest = Math.Max(largest, Math.Min(group.Rows, (tiles + group.Blocks - 1) / group.Blocks * tileRows));
        }

        return total;
    }

    // Wide items reuse packed rows most; they are cut only as far as the workers need, and in fours for the single-row loop.
    private int PanelsPerItem(int panels, int rowBlocks)
    {
        if (Threads == 1)
            return panels;

        var columnBlocks = Math.Clamp(((ItemsPerWorker * Threads) + rowBlocks - 1) / rowBlocks, 1, panels);
        var each = (panels + columnBlocks - 1) / columnBlocks;
        return each <= 4 ? each : (each + 3) / 4 * 4;
    }

    private WorkerScratch ReserveSums(int floatsEach)
    {
        if (_sums.FloatsEach < floatsEach)
        {
            _sums.Free();
            // Nothing, should there be no memory: what is freed must not be freed again.
            _sums = default;
            _sums = WorkerScratch.Allocate(_resources, Threads, floatsEach);
        }

        return _sums;
    }
}
