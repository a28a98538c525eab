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

    /// <summary>Bytes without the padding of a packed layout; with I8 also each row's scale and sum.</summary>
    public long Bytes => (Count * DType.Bytes()) + (DType == DType.I8 ? (long)Rows * BytesOfScale : 0);

    /// <summary>Rows of the matrix.</summary>
    public int Rows => Slices.Sum(slice => slice.RowCount);

    /// <summary>Columns of the matrix.</summary>
    public int Columns => Slices[0].ColumnCount;

    internal static WeightPiece Matrix(DType dtype, params IReadOnlyList<TensorSlice> slices) => new(packed: true, dtype, slices);

    internal static WeightPiece GateUp(DType dtype, TensorSlice gate, TensorSlice up) => new(packed: true, dtype, [gate, up], gated: true);

    internal static WeightPiece Table(DType dtype, TensorSlice slice) => new(packed: false, dtype, [slice]);

    internal static WeightPiece Vector(params IReadOnlyList<TensorSlice> slices) => new(packed: false, DType.F32, slices);
}
