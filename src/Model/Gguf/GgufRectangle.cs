using System.Buffers;
using System.Numerics.Tensors;
using AkkaCp.Model.Weights.Sources;
using AkkaCp.Text.Files;

namespace AkkaCp.Model.Gguf;

/// <summary>A rectangle of a tensor on its way out of the file: of each row, the blocks that its columns are in.</summary>
internal readonly struct GgufRectangle
{
    // Columns of a slice are read together with gaps between them that are this small: one call costs more than the copy.
    private const int MaxGapBytes = 16 * 1024;

    private readonly GgufView _view;
    private readonly long _firstRow;
    private readonly int _rowCount;
    private readonly int _columnCount;
    private readonly long _stride;
    private readonly long _firstByte;
    private readonly int _blockElements;
    private readonly int _skip;

    /// <exception cref="ArgumentOutOfRangeException">It leaves the tensor.</exception>
    public GgufRectangle(GgufView view, long firstRow, int rowCount, long firstColumn, int columnCount)
    {
        RequireInside(view.Rows, firstRow, rowCount, nameof(firstRow));
        RequireInside(view.Columns, firstColumn, columnCount, nameof(firstColumn));
        (_view, _firstRow, _rowCount, _columnCount) = (view, firstRow, rowCount, columnCount);
        _blockElements = view.Type.BlockElements;
        _stride = view.Type.BytesOf(0, view.Columns);
        _firstByte = firstColumn / _blockElements * view.Type.BlockBytes;
        _skip = (int)(firstColumn % _blockElements);
        RowBytes = view.Type.BytesOf(firstColumn, columnCount);
    }

    /// <summary>Bytes of one row's blocks.</summary>
    public long RowBytes { get; }

    private int DecodedOfRow => (int)(RowBytes / _view.Type.BlockBytes) * _blockElements;

    /// <summary>Bytes of all rows.</summary>
    public void ReadStored(Span<byte> destination)
    {
        if (RowBytes == _stride)
        {
            Read(0, destination);
            return;
        }

        for (var row = 0; row < _rowCount; row++)
            Read(row, destination.Slice((int)(row * RowBytes), (int)RowBytes));
    }

    /// <summary>Values of all rows, some rows at a time.</summary>
    /// <exception cref="ModelFormatException">A quantised block has a value that is not finite, or the file changed its length.</exception>
    public void ReadValues(Span<float> destination, Action<ReadOnlySpan<byte>>? stored)
    {
        if (destination.IsEmpty)
            return;
        using var buffer = new ReadBuffer();
        var rowsAtOnce = _stride - RowBytes <= MaxGapBytes ? (int)Math.Max(1, ReadBuffer.MaxBytes / _stride) : 1;
        for (var row = 0; row < _rowCount; row += rowsAtOnce)
        {
            var rows = Math.Min(rowsAtOnce, _rowCount - row);
            var bytes = buffer.Take(checked((int)(((rows - 1) * _stride) + RowBytes)));
            var values = destination.Slice(row * _columnCount, rows * _columnCount);
            Read(row, bytes);
            DecodeRows(bytes, values, stored);
            RequireFinite(row, values);
        }
    }

    private void Read(int row, Span<byte> destination) =>
        _view.Holder.Read(_view.Source, _view.Offset + ((_firstRow + row) * _stride) + _firstByte, destination);

    private void DecodeRows(ReadOnlySpan<byte> bytes, Span<float> values, Action<ReadOnlySpan<byte>>? stored)
    {
        if (_columnCount == _view.Columns)
        {
            stored?.Invoke(bytes);
            _view.Blocks.Decode(bytes, values);
            return;
        }

        var decoded = ArrayPool<float>.Shared.Rent(DecodedOfRow);
        for (var row = 0; row < values.Length / _columnCount; row++)
        {
            var blocks = bytes.Slice((int)(row * _stride), (int)RowBytes);
            stored?.Invoke(blocks);
            _view.Blocks.Decode(blocks, decoded.AsSpan(0, DecodedOfRow));
            decoded.AsSpan(_skip, _columnCount).CopyTo(values.Slice(row * _columnCount, _columnCount));
        }

        ArrayPool<float>.Shared.Return(decoded);
    }

    /// <summary>A scale that is no number would give logits that are none, many products later.</summary>
    private void RequireFinite(int firstRow, ReadOnlySpan<float> values)
    {
        if (_blockElements == 1 || TensorPrimitives.IsFiniteAll(values))
            return;
        for (var i = 0; i < values.Length; i++)
        {
            if (!float.IsFinite(values[i]))
            {
                throw new ModelFormatException(
                    _view.File, _view.Source, "blocks of finite values",
                    FormattableString.Invariant($"{values[i]} in row {_firstRow + firstRow + (i / _columnCount)}"));
            }
        }
    }

    private static void RequireInside(long limit, long first, int count, string name)
    {
        if (first < 0 || count < 0 || first > limit - count)
            throw new ArgumentOutOfRangeException(name, $"{first}+{count}", $"the tensor has {limit}");
    }
}
