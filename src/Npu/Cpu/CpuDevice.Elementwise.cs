using AkkaCp.Npu.Cpu.Threads;

namespace AkkaCp.Npu.Cpu;

// Operators whose rows are independent.
public sealed unsafe partial class CpuDevice
{
    // Below this many elements an item costs more to hand out than to do (some 5 µs of work).
    private const int ElementsPerItem = 16384;

    /// <inheritdoc cref="INpuDevice.RmsNorm"/>
    public void RmsNorm(TensorView x, TensorView gamma, float eps, TensorView y)
    {
        const string Op = nameof(RmsNorm);
        OperatorChecks.RequireF32(Op, "x", x);
        OperatorChecks.RequireF32(Op, "y", y);
        if (x.Rank is not (2 or 3))
            OperatorChecks.Refuse(Op, "x", "2 or 3 dimensions", x.ToString());

        var c = x[x.Rank - 1];
        OperatorChecks.RequireVector(Op, "gamma", gamma, c);
        OperatorChecks.RequireSameShape(Op, "y", y, x);
        OperatorChecks.RequireSameOrDisjoint(Op, "y", y, "x", x);
        OperatorChecks.RequireDisjoint(Op, "y", y, "gamma", gamma);
        if (c > 0)
            RunRows(x.Rows, x.RowLength, new RmsNormRow(x, gamma, c, eps, y));
    }

    /// <inheritdoc cref="INpuDevice.AddRmsNorm"/>
    public void AddRmsNorm(TensorView x1, TensorView x2, TensorView gamma, float eps, TensorView y, TensorView sum)
    {
        const string Op = nameof(AddRmsNorm);
        OperatorChecks.RequireMatrix(Op, "x1", x1);
        OperatorChecks.RequireRows(Op, "x2", x2, x1.Rows, x1.RowLength);
        OperatorChecks.RequireVector(Op, "gamma", gamma, x1.RowLength);
        OperatorChecks.RequireRows(Op, "y", y, x1.Rows, x1.RowLength);
        OperatorChecks.RequireRows(Op, "sum", sum, x1.Rows, x1.RowLength);
        OperatorChecks.RequireDisjoint(Op, "y", y, "x1", x1);
        OperatorChecks.RequireSameOrDisjoint(Op, "y", y, "x2", x2);
        OperatorChecks.RequireDisjoint(Op, "y", y, "gamma", gamma);
        OperatorChecks.RequireDisjoint(Op, "y", y, "sum", sum);
        OperatorChecks.RequireSameOrDisjoint(Op, "sum", sum, "x1", x1);
        OperatorChecks.RequireDisjoint(Op, "sum", sum, "x2", x2);
        OperatorChecks.RequireDisjoint(Op, "sum", sum, "gamma", gamma);
        if (x1.RowLength > 0)
            RunRows(x1.Rows, x1.RowLength, new AddRmsNormRow(x1, x2, gamma, eps, y, sum));
    }

    /// <inheritdoc cref="INpuDevice.RotaryMul"/>
    public void RotaryMul(TensorView x, TensorView cos, TensorView sin)
    {
        const string Op = nameof(RotaryMul);
        OperatorChecks.RequireF32(Op, "x", x);
        if (x.Rank != 3 || x[2] % 2 != 0)
            OperatorChecks.Refuse(Op, "x", "[T, H, D] with an even D", x.ToString());

        OperatorChecks.RequireRows(Op, "cos", cos, x.Rows, x[2] / 2);
        OperatorChecks.RequireRows(Op, "sin", sin, x.Rows, x[2] / 2);
        OperatorChecks.RequireDisjoint(Op, "x", x, "cos", cos);
        OperatorChecks.RequireDisjoint(Op, "x", x, "sin", sin);
        RunRows(x.Rows, x.RowLength, new RotaryMulRow(x, cos, sin));
    }

    /// <inheritdoc cref="INpuDevice.Swiglu"/>
    public void Swiglu(TensorView x, TensorView y)
    {
        const string Op = nameof(Swiglu);
        OperatorChecks.RequireMatrix(Op, "x", x);
        if (x.RowLength % 2 != 0)
            OperatorChecks.Refuse(Op, "x", "an even number of columns", x.ToString());

        OperatorChecks.RequireRows(Op, "y", y, x.Rows, x.RowLength / 2);
        OperatorChecks.RequireDisjoint(Op, "y", y, "x", x);
        RunRows(x.Rows, x.RowLength, new SwigluRow(x, y));
    }

    /// <inheritdoc cref="INpuDevice.Add"/>
    public void Add(TensorView x1, TensorView x2, TensorView y)
    {
        const string Op = nameof(Add);
        OperatorChecks.RequireF32(Op, "x1", x1);
        OperatorChecks.RequireF32(Op, "x2", x2);
        OperatorChecks.RequireF32(Op, "y", y);
        OperatorChecks.RequireSameShape(Op, "x2", x2, x1);
        OperatorChecks.RequireSameShape(Op, "y", y, x1);
        OperatorChecks.RequireSameOrDisjoint(Op, "y", y, "x1", x1);
        OperatorChecks.RequireSameOrDisjoint(Op, "y", y, "x2", x2);
        RunRows(y.Rows, y.RowLength, new AddRow(x1, x2, y));
    }

    /// <inheritdoc cref="INpuDevice.Cast"/>
    /// <remarks>x and y have the same shape; they may be the same memory when their types agree, else they may not overlap.</remarks>
    public void Cast(TensorView x, TensorView y)
    {
        const string Op = nameof(Cast);
        OperatorChecks.RequireSameShape(Op, "y", y, x);
        OperatorChecks.RequireSameOrDisjoint(Op, "y", y, "x", x);
        RunRows(y.Rows, y.RowLength, new CastRow(x, y));
    }

    private void RunRows<TRow>(int rows, int rowLength, TRow work)
        where TRow : struct, IRowWork
    {
        if (rows == 0 || rowLength == 0)
            return;

        var fewest = Math.Max(1, ElementsPerItem / rowLength);
        var rowsPerItem = Math.Max(fewest, (rows + (ItemsPerWorker * Threads) - 1) / (ItemsPerWorker * Threads));
        var items = (int)(((long)rows + rowsPerItem - 1) / rowsPerItem);
        Workers.Run(items, new RowsWork<TRow>(work, rows, rowsPerItem));
    }

    private static float* Row(in TensorView view, int row) => (float*)view.Data + ((nint)row * view.RowStride);

    private readonly struct RmsNormRow(TensorView x, TensorView gamma, int c, float eps, TensorView y) : IRowWork
    {
        public void Execute(int row)
        {
            var source = Row(x, row);
            var target = Row(y, row);
            for (var at = 0; at < x.RowLength; at += c)
                NormRope.RmsNorm.Row(source + at, (float*)gamma.Data, c, eps, target + at);
        }
    }

    private readonly struct AddRmsNormRow(
        TensorView x1, TensorView x2, TensorView gamma, float eps, TensorView y, TensorView sum) : IRowWork
    {
        public void Execute(int row)
        {
            Elementwise.Add.Row(Row(x1, row), Row(x2, row), Row(sum, row), x1.RowLength);
            NormRope.RmsNorm.Row(Row(sum, row), (float*)gamma.Data, x1.RowLength, eps, Row(y, row));
        }
    }

    private readonly struct RotaryMulRow(TensorView x, TensorView cos, TensorView sin) : IRowWork
    {
        public void Execute(int row)
        {
            var d = x[2];
            var head = Row(x, row);
            for (var h = 0; h < x[1]; h++, head += d)
                NormRope.RotaryMul.Head(head, Row(cos, row), Row(sin, row), d / 2);
        }
    }

    private readonly struct SwigluRow(TensorView x, TensorView y) : IRowWork
    {
        public void Execute(int row) =>
            Elementwise.Swiglu.Row(Row(x, row), Row(x, row) + y.RowLength, Row(y, row), y.RowLength);
    }

    private readonly struct AddRow(TensorView x1, TensorView x2, TensorView y) : IRowWork
    {
        public void Execute(int row) => Elementwise.Add.Row(Row(x1, row), Row(x2, row), Row(y, row), y.RowLength);
    }

    private readonly struct CastRow(TensorView x, TensorView y) : IRowWork
    {
        public void Execute(int row)
        {
            var source = (byte*)x.Data + ((nint)row * x.RowStride * x.DType.Bytes());
            var target = (byte*)y.Data + ((nint)row * y.RowStride * y.DType.Bytes());
            if (x.DType == y.DType)
                Buffer.MemoryCopy(source, target, (long)y.RowLength * y.DType.Bytes(), (long)y.RowLength * y.DType.Bytes());
            else if (y.DType == DType.F32)
                Elementwise.Cast.ToF32((ushort*)source, (float*)target, y.RowLength);
            else
                Elementwise.Cast.ToBF16((float*)source, (ushort*)target, y.RowLength);
        }
    }
}
