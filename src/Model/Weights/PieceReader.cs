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

    // Rows on their way into memory that has them as they are stay in the second cache between the file's pages, their hash and their
    // panels.
    private const int StagingBytesAsStored = 256 * 1024;

    // Packed layouts work in panels of rows; whole panels at a time are packed without touching one twice.
    private const int PanelRows = 64;

    /// <summary>Packs all slices below each other.</summary>
    public static ImmutableArray<WeightHash> PackInto(
        IWeightSource files, WeightPiece piece, PackedMatrix matrix, CancellationToken cancellationToken)
    {
        if (GroupFormat.Of(piece.DType) is { } format)
        {
            return piece.Slices.All(slice => files.PackedTypeOf(files.Find(slice.Tensor)!) == piece.DType)
                ? PackGroupsInto(files, piece, format, matrix, cancellationToken)
                : EncodeInto(files, piece, format, matrix, cancellationToken);
        }

        if (piece.Slices.All(slice => files.PackedTypeOf(files.Find(slice.Tensor)!) == piece.DType))
            return PackScaledInto(files, piece, matrix, cancellationToken);
        return IsBF16(files, piece)
            ? ReadRowsBF16(files, piece, matrix.PackBF16, cancellationToken)
            : ReadRows(files, piece, matrix.Pack, cancellationToken);
    }

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

    private static ImmutableArray<WeightHash> PackGroupsInto(
        IWeightSource files, WeightPiece piece, GroupFormat format, PackedMatrix matrix, CancellationToken cancellationToken)
    {
        var rowsAtOnce = RowsAtOnce(piece, sizeof(byte));
        using var staging = new GroupStaging(format, Math.Min(rowsAtOnce, piece.Slices.Max(slice => slice.RowCount)) * piece.Columns);
        return InRuns(files, piece, rowsAtOnce, Pack, cancellationToken);

        void Pack(TensorSlice slice, int row, int rows, int place, SliceHasher hasher)
        {
            var groups = staging.Take(rows * slice.ColumnCount);
            files.ReadGroups(
                slice.Tensor, slice.FirstRow + row, rows, slice.FirstColumn, slice.ColumnCount, groups, hasher.Append);
            matrix.PackGroups(place, groups);
        }
    }

    /// <summary>Floats as the four bits of Q4_0, which is what quantising at load means.</summary>
    private static ImmutableArray<WeightHash> EncodeInto(
        IWeightSource files, WeightPiece piece, GroupFormat format, PackedMatrix matrix, CancellationToken cancellationToken)
    {
        var rowsAtOnce = RowsAtOnce(piece);
        using var encoding = new GroupEncoding(format, rowsAtOnce * piece.Columns);
        return InRuns(files, piece, rowsAtOnce, Pack, cancellationToken);

        void Pack(TensorSlice slice, int row, int rows, int place, SliceHasher hasher) =>
            matrix.PackGroups(place, encoding.Encode(files, slice, row, rows, hasher.Append));
    }

    /// <summary>Codes of I8 and F8 as they are, with their scales.</summary>
    private static ImmutableArray<WeightHash> PackScaledInto(
        IWeightSource files, WeightPiece piece, PackedMatrix matrix, CancellationToken cancellationToken)
    {
        var rowsAtOnce = RowsAtOnce(piece, sizeof(byte));
        var scalesOfRow = piece.DType.ScalesOf(piece.Columns);
        var codes = ArrayPool<byte>.Shared.Rent(rowsAtOnce * piece.Columns);
        var scales = ArrayPool<float>.Shared.Rent(rowsAtOnce * scalesOfRow);
        try
        {
            return InRuns(files, piece, rowsAtOnce, Pack, cancellationToken);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(codes);
            ArrayPool<float>.Shared.Return(scales);
        }

        void Pack(TensorSlice slice, int row, int rows, int place, SliceHasher hasher)
        {
            var ofRows = codes.AsSpan(0, rows * slice.ColumnCount);
            var scalesOfRows = scales.AsSpan(0, rows * scalesOfRow);
            files.ReadScaled(
                slice.Tensor, slice.FirstRow + row, rows, slice.FirstColumn, slice.ColumnCount, ofRows, scalesOfRows, hasher.Append);
            if (piece.DType == DType.I8)
                matrix.PackI8(place, MemoryMarshal.Cast<byte, sbyte>(ofRows), scalesOfRows);
            else
                matrix.PackF8(place, ofRows, scalesOfRows);
        }
    }

    /// <summary>Whether the values are BF16 both in the files and in memory: then nothing is converted.</summary>
    private static bool IsBF16(IWeightSource files, WeightPiece piece) => piece.DType == DType.BF16
        && piece.Slices.All(slice => files.Find(slice.Tensor)!.Type.InMemory == DType.BF16);

    /// <summary>Straight from the files into the tensor's memory, some rows at a time.</summary>
    private static ImmutableArray<WeightHash> CopyBF16(
        IWeightSource files, WeightPiece piece, TensorView rows, CancellationToken cancellationToken)
    {
        return InRuns(
            files, piece, Math.Max(1, StagingBytesAsStored / sizeof(ushort) / piece.Columns), Copy, cancellationToken);

        void Copy(TensorSlice slice, int row, int count, int place, SliceHasher hasher)
        {
            using var host = rows.Slice(place, count).MapWrite();
            ReadRowsBF16(files, slice, row, count, host.BF16, hasher);
        }
    }

    private static ImmutableArray<WeightHash> ReadRowsBF16(
        IWeightSource files, WeightPiece piece, Action<int, ReadOnlySpan<ushort>> place, CancellationToken cancellationToken) =>
            ReadStaged<ushort>(
        files, piece, RowsAtOnce(piece, sizeof(ushort)), place,
        (slice, row, rows, values, hasher) => ReadRowsBF16(files, slice, row, rows, values, hasher), cancellationToken);

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
        var staging = ArrayPool<T>.Shared.Rent(rowsAtOnce * piece.Columns);
        try
        {
            return InRuns(files, piece, rowsAtOnce, ReadAndPlace, cancellationToken);
        }
        finally
        {
            ArrayPool<T>.Shared.Return(staging);
        }

        void ReadAndPlace(TensorSlice slice, int row, int rows, int to, SliceHasher hasher)
        {
            var values = staging.AsSpan(0, rows * slice.ColumnCount);
            read(slice, row, rows, values, hasher);
            place(to, values);
        }
    }

    /// <summary>Some rows of a slice at a time: which, how many, and from which row of the piece on.</summary>
    private static ImmutableArray<WeightHash> InRuns(
        IWeightSource files, WeightPiece piece, int rowsAtOnce, Action<TensorSlice, int, int, int, SliceHasher> move,
        CancellationToken cancellationToken)
    {
        var hashes = ImmutableArray.CreateBuilder<WeightHash>();
        var firstRow = 0;
        foreach (var slice in piece.Slices)
        {
            var hasher = new SliceHasher(slice, HashedBytes(files, piece, slice));
            for (var row = 0; row < slice.RowCount; row += rowsAtOnce)
            {
                cancellationToken.ThrowIfCancellationRequested();
                move(slice, row, Math.Min(rowsAtOnce, slice.RowCount - row), firstRow + row, hasher);
            }

            firstRow += slice.RowCount;
            hashes.AddRange(hasher.Finish());
        }

        return hashes.ToImmutable();
    }

    private static long HashedBytes(IWeightSource files, WeightPiece piece, TensorSlice slice)
    {
        var tensor = files.Find(slice.Tensor)!;
        return files.PackedTypeOf(tensor) == piece.DType
            ? tensor.PackedBytesOf(slice.FirstColumn, slice.ColumnCount)
            : tensor.Type.BytesOf(slice.FirstColumn, slice.ColumnCount);
    }

    private static int RowsAtOnce(WeightPiece piece, int elementBytes) =>
        Math.Max(PanelRows / 2, StagingBytesAsStored / elementBytes / piece.Columns / PanelRows * PanelRows);

    private static int RowsAtOnce(WeightPiece piece)
    {
        var rows = Math.Clamp(StagingFloats / piece.Columns, 1, piece.Slices.Max(slice => slice.RowCount));
        return rows > PanelRows ? rows / PanelRows * PanelRows : rows;
    }
}
