using AkkaCp.Npu.Cpu.Products;
using AkkaCp.Npu.Cpu.Products.Packing;

namespace AkkaCp.Npu.Cpu;

// Products. One list of items covers groups × row blocks × column blocks, so that one dispatch serves a whole layer's experts.
public sealed unsafe partial class CpuDevice
{
    private readonly WeightCounter _weights = new();

    /// <summary>Bytes of packed weights made by this device and not yet disposed; not part of <see cref="Memory"/>'s counters.</summary>
    public long WeightBytes => _weights.Bytes;

    /// <inheritdoc cref="INpuDevice.CreateMatrix"/>
    /// <exception cref="NpuShapeException">n or k is below 1, or k is too long for exact sums of I8.</exception>
    public PackedMatrix CreateMatrix(int n, int k, DType dtype)
    {
        RequireMatrixShape(nameof(CreateMatrix), n, k, dtype);
        return new CpuPackedMatrix(n, k, dtype, _variant.BF16Packing, gated: false, _weights, _resources);
    }

    /// <inheritdoc cref="INpuDevice.CreateGatedMatrix"/>
    /// <exception cref="NpuShapeException">f or k is below 1, or k is too long for exact sums of I8.</exception>
    public PackedMatrix CreateGatedMatrix(int f, int k, DType dtype)
    {
        RequireMatrixShape(nameof(CreateGatedMatrix), f, k, dtype);
        return new CpuPackedMatrix(checked(2 * f), k, dtype, _variant.BF16Packing, gated: true, _weights, _resources);
    }

    /// <inheritdoc cref="INpuDevice.MatMul"/>
    public void MatMul(TensorView x, PackedMatrix w, TensorView? bias, TensorView y)
    {
        const string Op = nameof(MatMul);
        var matrix = RequireMatrix(Op, "w", w, gated: false);
        RequireProduct(Op, x, matrix, y);
        float* start = null;
        if (bias is { } b)
        {
            OperatorChecks.RequireVector(Op, "bias", b, matrix.N);
            OperatorChecks.RequireDisjoint(Op, "y", y, "bias", b);
            start = (float*)b.Data;
        }

        RunProduct(new ProductCall { X = x, Rows = x.Rows, Weights = matrix, Bias = start, Y = y }, SingleGroup(matrix, x.Rows));
        GC.KeepAlive(w);
    }

    /// <inheritdoc cref="INpuDevice.GroupedMatMul"/>
    public void GroupedMatMul(TensorView x, ReadOnlySpan<PackedMatrix> w, ReadOnlySpan<int> groupList, TensorView y)
    {
        const string Op = nameof(GroupedMatMul);
        var first = RequireGroups(Op, w, groupList, x.Rows, gated: false);
        RequireProduct(Op, x, first, y);
        RunProduct(new ProductCall { X = x, Rows = x.Rows, Weights = first, Y = y }, w.Length);
        KeepAlive(w);
    }

    /// <inheritdoc cref="INpuDevice.MatMulSwiglu"/>
    public void MatMulSwiglu(TensorView x, PackedMatrix w, TensorView y)
    {
        const string Op = nameof(MatMulSwiglu);
        var matrix = RequireMatrix(Op, "w", w, gated: true);
        RequireSwiglu(Op, x, matrix, x.Rows, y);
        RunProduct(new ProductCall { X = x, Rows = x.Rows, Weights = matrix, Y = y }, SingleGroup(matrix, x.Rows));
        GC.KeepAlive(w);
    }

    /// <inheritdoc cref="INpuDevice.GroupedMatMulSwiglu"/>
    public void GroupedMatMulSwiglu(
        TensorView x, ReadOnlySpan<int> rowIndex, ReadOnlySpan<PackedMatrix> w, ReadOnlySpan<int> groupList, TensorView y)
    {
        const string Op = nameof(GroupedMatMulSwiglu);
        var first = RequireGroups(Op, w, groupList, rowIndex.Length, gated: true);
        RequireSwiglu(Op, x, first, rowIndex.Length, y);
        for (var r = 0; r < rowIndex.Length; r++)
        {
            if ((uint)rowIndex[r] >= (uint)x.Rows)
                OperatorChecks.Refuse(Op, $"rowIndex[{r}]", $"0 to {x.Rows - 1}", $"{rowIndex[r]}");
        }

        fixed (int* index = rowIndex)
            RunProduct(new ProductCall { X = x, Index = index, Rows = rowIndex.Length, Weights = first, Y = y }, w.Length);

        KeepAlive(w);
    }

    private static void RequireMatrixShape(string op, int n, int k, DType dtype)
    {
        if (n < 1 || k < 1)
            OperatorChecks.Refuse(op, "shape", "n and k of at least 1", $"[{n}, {k}]");

        if (GroupFormat.Of(dtype) is { } format && k % format.BlockInputs != 0)
            OperatorChecks.Refuse(op, "shape", $"k a multiple of {format.BlockInputs} with {dtype}", $"[{n}, {k}]");

        if (dtype == DType.I8 && k > Products.Packing.I8Panel.MaxK)
        {
            OperatorChecks.Refuse(
                op, "shape", $"k of at most {Products.Packing.I8Panel.MaxK} with I8, whose sums are 32-bit", $"[{n}, {k}]");
        }
    }

    private CpuPackedMatrix RequireMatrix(string op, string argument, PackedMatrix w, bool gated)
    {
        if (w is not CpuPackedMatrix matrix)
        {
            OperatorChecks.Refuse(op, argument, "a matrix packed by a CpuDevice", w?.GetType().Name ?? "null");
            return null!;
        }

        if (matrix.IsGated != gated)
        {
            var (expected, found) = gated
                ? (nameof(CreateGatedMatrix), nameof(CreateMatrix))
                : (nameof(CreateMatrix), nameof(CreateGatedMatrix));
            OperatorChecks.Refuse(op, argument, $"a matrix of {expected}", $"one of {found}");
        }

        if (matrix.DType is DType.BF16 or DType.F8 && matrix.BF16Packing != _variant.BF16Packing)
        {
            OperatorChecks.Refuse(
                op, argument, $"{matrix.DType} {_variant.BF16Packing} as {_variant.Name} kernels read them", $"{matrix.BF16Packing}");
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

    private static void RequireSwiglu(string op, in TensorView x, CpuPackedMatrix w, int rows, in TensorView y)
    {
        OperatorChecks.RequireMatrix(op, "x", x);
        OperatorChecks.RequireMatrix(op, "y", y);
        OperatorChecks.RequireRows(op, "x", x, x.Rows, w.K);
        OperatorChecks.RequireRows(op, "y", y, rows, w.N / 2);
        OperatorChecks.RequireDisjoint(op, "y", y, "x", x);
    }

    // Checks one matrix and one count for each group, notes them, and gives the first matrix.
    private CpuPackedMatrix RequireGroups(string op, ReadOnlySpan<PackedMatrix> w, ReadOnlySpan<int> groupList, int rows, bool gated)
    {
        if (w.IsEmpty || groupList.Length != w.Length)
            OperatorChecks.Refuse(op, "groupList", $"one count for each of {w.Length} matrices, at least one", $"{groupList.Length}");

        if (_groups.Length < w.Length)
            _groups = new MatMulGroup[w.Length];

        var first = RequireMatrix(op, "w", w[0], gated);
        var last = 0;
        for (var g = 0; g < w.Length; g++)
        {
            var matrix = RequireMatrix(op, "w", w[g], gated);
            if (matrix.N != first.N || matrix.K != first.K || matrix.DType != first.DType)
            {
                OperatorChecks.Refuse(op, $"w[{g}]", $"{first.DType}[{first.N}, {first.K}] as w[0]",
                    $"{matrix.DType}[{matrix.N}, {matrix.K}]");
            }

            if (groupList[g] < last)
                OperatorChecks.Refuse(op, $"groupList[{g}]", $"a cumulative count of at least {last}", $"{groupList[g]}");

            _groups[g] = new MatMulGroup { Weights = matrix.Data, FirstRow = last, Rows = groupList[g] - last };
            last = groupList[g];
        }

        if (last != rows)
            OperatorChecks.Refuse(op, "groupList", $"{rows} as its last count, the rows of x", $"{last}");

        return first;
    }

    private static void KeepAlive(ReadOnlySpan<PackedMatrix> w)
    {
        foreach (var matrix in w)
            GC.KeepAlive(matrix);
    }
}
