using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace AkkaCp.Npu;

/// <summary>Checks of operator arguments. Each throws <see cref="NpuShapeException"/> with what the operator
/// takes and what it got.</summary>
internal static unsafe class OperatorChecks
{
    /// <summary>The view must be F32.</summary>
    public static void RequireF32(string op, string argument, in TensorView view)
    {
        if (view.DType != DType.F32)
            Refuse(op, argument, "F32", $"{view.DType}");
    }

    /// <summary>The view must be F32 with <paramref name="rows"/> rows of <paramref name="rowLength"/> elements,
    /// whatever its rank.</summary>
    public static void RequireRows(string op, string argument, in TensorView view, int rows, int rowLength)
    {
        RequireF32(op, argument, view);
        if (view.Rows != rows || view.RowLength != rowLength)
            Refuse(op, argument, $"[{rows}, {rowLength}]", view.ToString());
    }

    /// <summary>The view must be F32 of exactly two dimensions.</summary>
    public static void RequireMatrix(string op, string argument, in TensorView view)
    {
        RequireF32(op, argument, view);
        if (view.Rank != 2)
            Refuse(op, argument, "2 dimensions", view.ToString());
    }

    /// <summary>The view must be F32 [length].</summary>
    public static void RequireVector(string op, string argument, in TensorView view, int length)
    {
        RequireF32(op, argument, view);
        if (view.Rank != 1 || view.Rows != length || !view.IsDense)
            Refuse(op, argument, $"[{length}], dense", $"{view}{(view.IsDense ? "" : $" with stride {view.RowStride}")}");
    }

    /// <summary>The view must have the shape of another one.</summary>
    public static void RequireSameShape(string op, string argument, in TensorView view, in TensorView other)
    {
        var same = view.Rank == other.Rank;
        for (var axis = 0; same && axis < view.Rank; axis++)
            same = view[axis] == other[axis];

        if (!same)
            Refuse(op, argument, other.ToString(), view.ToString());
    }

    /// <summary>The two views must share no element.</summary>
    public static void RequireDisjoint(string op, string argument, in TensorView view, string otherArgument, in TensorView other)
    {
        if (Overlap(view, other))
            Refuse(op, argument, $"memory apart from {otherArgument}", "an overlap");
    }

    /// <summary>The two views must be the same memory element by element, or share no element.</summary>
    public static void RequireSameOrDisjoint(
        string op, string argument, in TensorView view, string otherArgument, in TensorView other)
    {
        var same = view.Data == other.Data && view.DType == other.DType && view.RowLength == other.RowLength
            && (view.RowStride == other.RowStride || view.Rows <= 1);
        if (!same && Overlap(view, other))
            Refuse(op, argument, $"the memory of {otherArgument} or memory apart from it", "a partial overlap");
    }

    /// <summary>Throws the refusal.</summary>
    [DoesNotReturn]
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Refuse(string op, string argument, string expected, string found) =>
        throw new NpuShapeException(op, argument, expected, found);

    /// <summary>True when the views share a byte; exact when their row strides agree, cautious when they do not.</summary>
    private static bool Overlap(in TensorView a, in TensorView b)
    {
        if (a.Count == 0 || b.Count == 0)
            return false;

        var (aStart, bStart) = ((long)a.Data, (long)b.Data);
        if (aStart >= bStart + Extent(b) || bStart >= aStart + Extent(a))
            return false;

        var stride = StrideBytes(a);
        if (stride != StrideBytes(b) || a.Rows == 1 || b.Rows == 1)
            return true;

        // Both are windows of columns of one matrix: they meet unless one lies in the gaps of the other.
        var shift = ((bStart - aStart) % stride + stride) % stride;
        return shift < RowBytes(a) || shift + RowBytes(b) > stride;
    }

    private static long RowBytes(in TensorView view) => (long)view.RowLength * view.DType.Bytes();

    private static long StrideBytes(in TensorView view) => (long)view.RowStride * view.DType.Bytes();

    private static long Extent(in TensorView view) => ((view.Rows - 1L) * StrideBytes(view)) + RowBytes(view);
}
