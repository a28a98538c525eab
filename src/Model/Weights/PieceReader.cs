using System.Buffers;
using AkkaCp.Model.Safetensors;
using AkkaCp.Npu;

namespace AkkaCp.Model.Weights;

/// <summary>Moves a piece's slices from their files to their place, a bounded number of rows at a time.</summary>
internal static class PieceReader
{
    private const int StagingFloats = 2 * 1024 * 1024;

    // Packed layouts work in panels of rows; whole panels at a time are packed without touching one twice.
    private const int PanelRows = 64;

    /// <summary>Packs all slices below each other.</summary>
    public static void PackInto(SafetensorsSet files, WeightPiece piece, PackedMatrix matrix) =>
        ReadRows(files, piece, matrix.Pack);

    /// <summary>Copies all slices end to end, rounding to nearest even when the tensor is BF16.</summary>
    public static void CopyInto(SafetensorsSet files, WeightPiece piece, Tensor tensor)
    {
        var rows = tensor.View.Reshape(piece.Rows, piece.Columns);
        ReadRows(files, piece, (firstRow, values) =>
        {
            for (var row = 0; row < values.Length / piece.Columns; row++)
            {
                var source = values.Slice(row * piece.Columns, piece.Columns);
                if (rows.DType == DType.F32)
                {
                    source.CopyTo(rows.RowF32(firstRow + row));
                }
                else
                {
                    FloatConversion.ToBFloat16(source, rows.RowBF16(firstRow + row));
                }
            }
        });
    }

    private static void ReadRows(SafetensorsSet files, WeightPiece piece, Action<int, ReadOnlySpan<float>> place)
    {
        var rowsAtOnce = RowsAtOnce(piece);
        var staging = ArrayPool<float>.Shared.Rent(rowsAtOnce * piece.Columns);
        try
        {
            var firstRow = 0;
            foreach (var slice in piece.Slices)
            {
                for (var row = 0; row < slice.RowCount; row += rowsAtOnce)
                {
                    var rows = Math.Min(rowsAtOnce, slice.RowCount - row);
                    var values = staging.AsSpan(0, rows * slice.ColumnCount);
                    files.FileOf(slice.Tensor)!.ReadRows(
                        slice.Tensor, slice.FirstRow + row, rows, slice.FirstColumn, slice.ColumnCount, values);
                    place(firstRow + row, values);
                }

                firstRow += slice.RowCount;
            }
        }
        finally
        {
            ArrayPool<float>.Shared.Return(staging);
        }
    }

    private static int RowsAtOnce(WeightPiece piece)
    {
        var rows = Math.Clamp(StagingFloats / piece.Columns, 1, piece.Slices.Max(slice => slice.RowCount));
        return rows > PanelRows ? rows / PanelRows * PanelRows : rows;
    }
}
