using System.Buffers;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using AkkaCp.Model.Weights.Sources;
using AkkaCp.Npu;

namespace AkkaCp.Model.Weights;

/// <summary>
/// Moves a piece's slices from their files to their place, a bounded number of rows at a time, and hashes them as they come by. Between
/// such numbers of rows it may be cancelled: one piece can be gigabytes.
/// </summary>
internal static class PieceReader
{
    private const int StagingFloats = 2 * 1024 * 1024;

    // BF16 rows on their way into BF16 memory stay in the second cache between the file's pages, their hash and their panels.
    private const int StagingBytesBF16 = 256 * 1024;

    // Packed layouts work in panels of rows; whole panels at a time are packed without touching one twice.
    private const int PanelRows = 64;

    /// <summary>Packs all slices below each other.</summary>
    public static ImmutableArray<WeightHash> PackInto(
        IWeightSource files, WeightPiece piece, PackedMatrix matrix, CancellationToken cancellationToken) => IsBF16(files, piece)
        ? ReadRowsBF16(files, piece, matrix.PackBF16, cancellationToken)
        : ReadRows(files, piece, matrix.Pack, cancellationToken);

    /// <summary>Copies all slices end to end, rounding to nearest even when the tensor is BF16.</summary>
    public static ImmutableArray<WeightHash> CopyInto(
        IWeightSource files, WeightPiece piece, Tensor tensor, CancellationToken cancellationToken)
    {
        var rows = tensor.View.Reshape(piece.Rows, piece.Columns);
        return IsBF16(files, piece) ? CopyBF16(files, piece, rows, cancellationToken) : ReadRows(files, piece, Place, cancellationToken);

        void Place(int firstRow, ReadOnlySpan<float> values)
        {
            for (var row = 0; row < values.Length / piece.Columns; row++)
            {
                var source = values.Slice(row * piece.Columns, piece.Columns);
                using var host = rows.Slice(firstRow + row, 1).MapWrite();
                if (rows.DType == DType.F32)
                    source.CopyTo(host.F32);
                else
                    FloatConversion.ToBFloat16(source, host.BF16);
            }
        }
    }

    /// <summary>Whether the values are BF16 both in the files and in memory: then nothing is converted.</summary>
    private static bool IsBF16(IWeightSource files, WeightPiece piece) => piece.DType == DType.BF16
        && piece.Slices.All(slice => files.Find(slice.Tensor)!.Type.InMemory == DType.BF16);

    /// <summary>Straight from the files into the tensor's memory, some rows at a time.</summary>
    private static ImmutableArray<WeightHash> CopyBF16(
        IWeightSource files, WeightPiece piece, TensorView rows, CancellationToken cancellationToken)
    {
        var hashes = ImmutableArray.CreateBuilder<WeightHash>();
        var firstRow = 0;
        foreach (var slice in piece.Slices)
        {
            var hasher = new SliceHasher(slice, (long)slice.ColumnCount * sizeof(ushort));
            var atOnce = Math.Max(1, StagingBytesBF16 / sizeof(ushort) / slice.ColumnCount);
            for (var row = 0; row < slice.RowCount; row += atOnce)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var count = Math.Min(atOnce, slice.RowCount - row);
                using var host = rows.Slice(firstRow + row, count).MapWrite();
                ReadRowsBF16(files, slice, row, count, host.BF16, hasher);
            }

            firstRow += slice.RowCount;
            hashes.AddRange(hasher.Finish());
        }

        return hashes.ToImmutable();
    }

    private static ImmutableArray<WeightHash> ReadRowsBF16(
        IWeightSource files, WeightPiece piece, Action<int, ReadOnlySpan<ushort>> place, CancellationToken cancellationToken)
    {
        var rowsAtOnce = Math.Max(PanelRows / 2, StagingBytesBF16 / sizeof(ushort) / piece.Columns / PanelRows * PanelRows);
        return ReadStaged<ushort>(
            files, piece, rowsAtOnce, place, (slice, row, rows, values, hasher) => ReadRowsBF16(files, slice, row, rows, values, hasher),
            cancellationToken);
    }

    private static void ReadRowsBF16(
        IWeightSource files, TensorSlice slice, int row, int rows, Span<ushort> values, SliceHasher hasher)
    {
        var bytes = MemoryMarshal.AsBytes(values);
        files.ReadStored(slice.Tensor, slice.FirstRow + row, rows, slice.FirstColumn, slice.ColumnCount, bytes);
        hasher.Append(bytes);
    }

    private static ImmutableArray<WeightHash> ReadRows(
        IWeightSource files, WeightPiece piece, Action<int, ReadOnlySpan<float>> place, CancellationToken cancellationToken) =>
            ReadStaged<float>(
        files, piece, RowsAtOnce(piece), place, (slice, row, rows, values, hasher) => files.ReadRows(
            slice.Tensor, slice.FirstRow + row, rows, slice.FirstColumn, slice.ColumnCount, values, hasher.Append),
        cancellationToken);

    private static ImmutableArray<WeightHash> ReadStaged<T>(
        IWeightSource files, WeightPiece piece, int rowsAtOnce, Action<int, ReadOnlySpan<T>> place,
        Action<TensorSlice, int, int, Span<T>, SliceHasher> read, CancellationToken cancellationToken)
    {
        var hashes = ImmutableArray.CreateBuilder<WeightHash>();
        var staging = ArrayPool<T>.Shared.Rent(rowsAtOnce * piece.Columns);
        try
        {
            var firstRow = 0;
            foreach (var slice in piece.Slices)
            {
                var hasher = new SliceHasher(slice, files.Find(slice.Tensor)!.Type.BytesOf(slice.FirstColumn, slice.ColumnCount));
                for (var row = 0; row < slice.RowCount; row += rowsAtOnce)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    var rows = Math.Min(rowsAtOnce, slice.RowCount - row);
                    var values = staging.AsSpan(0, rows * slice.ColumnCount);
                    read(slice, row, rows, values, hasher);
                    place(firstRow + row, values);
                }

                firstRow += slice.RowCount;
                hashes.AddRange(hasher.Finish());
            }
        }
        finally
        {
            ArrayPool<T>.Shared.Return(staging);
        }

        return hashes.ToImmutable();
    }

    private static int RowsAtOnce(WeightPiece piece)
    {
        var rows = Math.Clamp(StagingFloats / piece.Columns, 1, piece.Slices.Max(slice => slice.RowCount));
        return rows > PanelRows ? rows / PanelRows * PanelRows : rows;
    }
}
