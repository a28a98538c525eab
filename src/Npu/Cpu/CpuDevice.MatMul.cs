namespace AkkaCp.Npu.Cpu;

// Products. One list of items covers groups × row blocks × column blocks, so that one dispatch serves a whole layer's experts.
public sealed unsafe partial class CpuDevice
{
    // Enough items for each worker that the last ones to finish are not much later than the first.
    private const int ItemsPerWorker = 4;

    private readonly WeightCounter _weights = new();
    private MatMulGroup[] _groups = new MatMulGroup[1];

    /// <summary>Bytes of packed weights made by this device and not yet disposed; not part of <see cref="Memory"/>'s counters.</summary>
    public long WeightBytes => _weights.Bytes;

    /// <inheritdoc cref="INpuDevice.CreateMatrix"/>
    /// <exception cref="NpuShapeException">n or k is below 1, or k is too long for exact sums of I8.</exception>
    public PackedMatrix CreateMatrix(int n, int k, DType dtype)
    {
        if (n < 1 || k < 1)
        {
            OperatorChecks.Refuse(nameof(CreateMatrix), "shape", "n and k of at least 1", $"[{n}, {k}]");
        }

        if (dtype == DType.I8 && k > Kernels.I8Panel.MaxK)
        {
            OperatorChecks.Refuse(nameof(CreateMatrix), "shape", $"k of at most {Kernels.I8Panel.MaxK} with I8, whose sums are 32-bit", $"[{n}, {k}]");
        }

        return new CpuPackedMatrix(n, k, dtype, _variant.BF16Layout, _weights);
    }

    /// <inheritdoc cref="INpuDevice.MatMul"/>
    public void MatMul(TensorView x, PackedMatrix w, TensorView? bias, TensorView y)
    {
        const string Op = nameof(MatMul);
        var matrix = RequireMatrix(Op, w);
        RequireProduct(Op, x, matrix, y);
        float* start = null;
        if (bias is { } b)
        {
            OperatorChecks.RequireVector(Op, "bias", b, matrix.N);
            OperatorChecks.RequireDisjoint(Op, "y", y, "bias", b);
            start = (float*)b.Data;
        }

        _groups[0] = new MatMulGroup { Weights = matrix.Data, FirstRow = 0, Rows = x.Rows };
        RunProduct(x, matrix, start, y, 1);
        GC.KeepAlive(w);
    }

    /// <inheritdoc cref="INpuDevice.GroupedMatMul"/>
    public void GroupedMatMul(TensorView x, ReadOnlySpan<PackedMatrix> w, ReadOnlySpan<int> groupList, TensorView y)
    {
        const string Op = nameof(GroupedMatMul);
        if (w.IsEmpty || groupList.Length != w.Length)
        {
            OperatorChecks.Refuse(Op, "groupList", $"one count for each of {w.Length} matrices, at least one", $"{groupList.Length}");
        }

        var first = RequireMatrix(Op, w[0]);
        RequireProduct(Op, x, first, y);
        RequireGroups(Op, x.Rows, groupList);
        if (_groups.Length < w.Length)
        {
            _groups = new MatMulGroup[w.Length];
        }

        for (var g = 0; g < w.Length; g++)
        {
            var matrix = RequireMatrix(Op, w[g]);
            if (matrix.N != first.N || matrix.K != first.K || matrix.DType != first.DType)
            {
                OperatorChecks.Refuse(Op, $"w[{g}]", $"{first.DType}[{first.N}, {first.K}] as w[0]",
                    $"{matrix.DType}[{matrix.N}, {matrix.K}]");
            }

            var row = g == 0 ? 0 : groupList[g - 1];
            _groups[g] = new MatMulGroup { Weights = matrix.Data, FirstRow = row, Rows = groupList[g] - row };
        }

        RunProduct(x, first, null, y, w.Length);
        foreach (var matrix in w)
        {
            GC.KeepAlive(matrix);
        }
    }

    private CpuPackedMatrix RequireMatrix(string op, PackedMatrix w)
    {
        if (w is not CpuPackedMatrix matrix)
        {
            OperatorChecks.Refuse(op, "w", "a matrix packed by a CpuDevice", w?.GetType().Name ?? "null");
            return null!;
        }

        if (matrix.DType == DType.BF16 && matrix.BF16Layout != _variant.BF16Layout)
        {
            OperatorChecks.Refuse(op, "w", $"BF16 {_variant.BF16Layout} as {_variant.Name} kernels read them", $"{matrix.BF16Layout}");
        }

        return matrix;
    }

    private static void RequireProduct(string op, in TensorView x, CpuPackedMatrix w, in TensorView y)
    {
        OperatorChecks.RequireMatrix(op, "x", x);
        OperatorChecks.RequireMatrix(op, "y", y);
        OperatorChecks.RequireRows(op, "x", x, x.Rows, w.K);
        OperatorChecks.RequireRows(op, "y", y, x.Rows, w.N);
        OperatorChecks.RequireDisjoint(op, "y", y, "x", x);
    }

    private static void RequireGroups(string op, int rows, ReadOnlySpan<int> groupList)
    {
        var last = 0;
        for (var g = 0; g < groupList.Length; g++)
        {
            if (groupList[g] < last)
            {
                OperatorChecks.Refuse(op, $"groupList[{g}]", $"a cumulative count of at least {last}", $"{groupList[g]}");
            }

            last = groupList[g];
        }

        if (last != rows)
        {
            OperatorChecks.Refuse(op, "groupList", $"{rows} as its last count, the rows of x", $"{last}");
        }
    }

    private void RunProduct(in TensorView x, CpuPackedMatrix w, float* bias, in TensorView y, int groups)
    {
        if (w.DType == DType.I8)
        {
            RunQuantProduct(x, w, bias, y, groups);
            return;
        }

        var rowBlocks = CountRowBlocks(groups, _variant.MaxRows);
        if (rowBlocks == 0)
        {
            return;
        }

        var panelsPerItem = PanelsPerItem(w.Panels, rowBlocks);
        fixed (MatMulGroup* plan = _groups)
        {
            var work = new MatMulWork
            {
                Groups = plan,
                GroupCount = groups,
                X = (float*)x.Data,
                XStride = x.RowStride,
                Y = (float*)y.Data,
                YStride = y.RowStride,
                Bias = bias,
                K = w.K,
                N = w.N,
                PanelBytes = w.PanelBytes,
                Panels = w.Panels,
                PanelsPerItem = panelsPerItem,
                ColumnBlocks = (w.Panels + panelsPerItem - 1) / panelsPerItem,
                Weights = w.DType,
                Scratch = _scratch,
                Variant = _variant,
            };
            Workers.Run(rowBlocks * work.ColumnBlocks, work);
        }
    }

    private int CountRowBlocks(int groups, int maxRows)
    {
        var total = 0;
        for (var g = 0; g < groups; g++)
        {
            ref var group = ref _groups[g];
            group.FirstBlock = total;
            group.Blocks = (group.Rows + maxRows - 1) / maxRows;
            total += group.Blocks;
        }

        return total;
    }

    // Wide items reuse packed rows most; they are cut only as far as the workers need, and in fours for the single-row loop.
    private int PanelsPerItem(int panels, int rowBlocks)
    {
        if (Threads == 1)
        {
            return panels;
        }

        var columnBlocks = Math.Clamp(((ItemsPerWorker * Threads) + rowBlocks - 1) / rowBlocks, 1, panels);
        var each = (panels + columnBlocks - 1) / columnBlocks;
        return each <= 4 ? each : (each + 3) / 4 * 4;
    }
}
