namespace AkkaCp.Model.Weights;

/// <summary>A rectangle of one stored tensor, seen as [rows, columns]; a vector is one row.</summary>
/// <param name="Tensor">Its name in the safetensors files.</param>
/// <param name="Shape">The whole tensor's shape that the config asks for.</param>
/// <param name="FirstRow">First row.</param>
/// <param name="RowCount">Rows.</param>
/// <param name="FirstColumn">First column.</param>
/// <param name="ColumnCount">Columns.</param>
public sealed record TensorSlice(
    string Tensor, IReadOnlyList<long> Shape, int FirstRow, int RowCount, int FirstColumn, int ColumnCount)
{
    /// <summary>Name and rectangle, the same for equal slices.</summary>
    public override string ToString() => $"{Tensor}[{FirstRow}+{RowCount},{FirstColumn}+{ColumnCount}]";

    /// <summary>A whole vector.</summary>
    internal static TensorSlice Vector(string tensor, int length) => new(tensor, [length], 0, 1, 0, length);

    /// <summary>Part of a vector.</summary>
    internal static TensorSlice Vector(
        string tensor, int length, int first, int count) => new(tensor, [length], 0, 1, first, count);

    /// <summary>Whole rows of a matrix.</summary>
    internal static TensorSlice Rows(string tensor, int rows, int columns, int first, int count) =>
        new(tensor, [rows, columns], first, count, 0, columns);

    /// <summary>Whole columns of a matrix.</summary>
    internal static TensorSlice Columns(string tensor, int rows, int columns, int first, int count) =>
        new(tensor, [rows, columns], 0, rows, first, count);
}
