using System.Collections.Immutable;
using AkkaCp.Npu;

namespace AkkaCp.Model.Weights;

/// <summary>One matrix or vector as a rank holds it: slices of stored tensors below each other.</summary>
public sealed class WeightPiece
{
    // An F32 scale and the 32-bit sum that corrects for unsigned activations.
    private const int BytesOfScale = 8;

    private WeightPiece(bool packed, DType dtype, IReadOnlyList<TensorSlice> slices, bool gated = false)
    {
        IsPacked = packed;
        IsGated = gated;
        DType = dtype;
        Slices = slices;
        Key = $"{(gated ? "gated" : packed ? "packed" : "dense")} {dtype} {string.Join(" ‖ ", slices)}";
    }

    /// <summary>A <see cref="PackedMatrix"/> when true, a plain tensor otherwise.</summary>
    public bool IsPacked { get; }

    /// <summary>A packed matrix of gate and up, which <see cref="INpuDevice.CreateGatedMatrix"/> makes.</summary>
    public bool IsGated { get; }

    /// <summary>Type in memory, whatever the file has.</summary>
    public DType DType { get; }

    /// <summary>Where the rows come from, in order; all have the same width unless they are vectors laid end to end.</summary>
    public IReadOnlyList<TensorSlice> Slices { get; }

    /// <summary>The same text for pieces with the same content.</summary>
    public string Key { get; }

    /// <summary>Elements.</summary>
    public long Count => Slices.Sum(slice => (long)slice.RowCount * slice.ColumnCount);

    /// <summary>Bytes without the padding of a packed layout; with I8 also each row's scale and sum, with other codes all scales.</summary>
    public long Bytes => DType switch
    {
        DType.I8 => Count + ((long)Rows * BytesOfScale),
        DType.F8 => Count + ((long)Rows * DType.F8.ScalesOf(Columns) * sizeof(float)),
        _ when GroupFormat.Of(DType) is { } format => (long)(Count * format.BitsPerWeight / 8),
        _ => Count * DType.Bytes(),
    };

    /// <summary>Rows of the matrix.</summary>
    public int Rows => Slices.Sum(slice => slice.RowCount);

    /// <summary>Columns of the matrix.</summary>
    public int Columns => Slices[0].ColumnCount;

    internal static WeightPiece Matrix(MatrixTypes types, params IReadOnlyList<TensorSlice> slices) =>
        new(packed: true, types.Of(slices), slices);

    internal static WeightPiece GateUp(MatrixTypes types, TensorSlice gate, TensorSlice up) =>
        new(packed: true, types.Of([gate, up]), [gate, up], gated: true);

    internal static WeightPiece Table(DType dtype, TensorSlice slice) => new(packed: false, dtype, [slice]);

    internal static WeightPiece Vector(params IReadOnlyList<TensorSlice> slices) => new(packed: false, DType.F32, slices);
}

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

/// <summary>A piece in memory.</summary>
/// <param name="Value">A PackedMatrix or a Tensor.</param>
/// <param name="Hashes">What was read from the files for it.</param>
internal sealed record LoadedPiece(IDisposable Value, ImmutableArray<WeightHash> Hashes);
