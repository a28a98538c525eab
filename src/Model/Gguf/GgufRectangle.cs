using System.Buffers;
using System.Numerics.Tensors;
using AkkaCp.Model.Weights.Sources;
using AkkaCp.Npu;
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

    // Rows that are read together, with the gaps between them.
    private int RowsAtOnce => _stride - RowBytes <= MaxGapBytes ? (int)Math.Max(1, ReadBuffer.MaxBytes / _stride) : 1;

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
        for (var row = 0; row < _rowCount; row += RowsAtOnce)
        {
            var rows = Math.Min(RowsAtOnce, _rowCount - row);
            var bytes = buffer.Take(checked((int)(((rows - 1) * _stride) + RowBytes)));
            var values = destination.Slice(row * _columnCount, rows * _columnCount);
            Read(row, bytes);
            DecodeRows(bytes, values, stored);
            RequireFinite(row, values);
        }
    }

    /// <summary>Codes and scales of all rows, some rows at a time.</summary>
    /// <exception cref="ModelFormatException">A scale is not finite, or the file changed its length.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The columns cut blocks.</exception>
    public void ReadGroups(in GroupRows destination, GroupFormat format, Action<ReadOnlySpan<byte>>? stored)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(DecodedOfRow, _columnCount, "columnCount");
        using var buffer = new ReadBuffer();
        for (var row = 0; row < _rowCount; row += RowsAtOnce)
        {
            var rows = Math.Min(RowsAtOnce, _rowCount - row);
            var bytes = buffer.Take(checked((int)(((rows - 1) * _stride) + RowBytes)));
            var groups = destination.Part(format, row * _columnCount, rows * _columnCount);
            Read(row, bytes);
            UnpackRows(bytes, groups, format, stored);
            RequireFinite(row, groups, format);
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

    private void UnpackRows(ReadOnlySpan<byte> bytes, in GroupRows groups, GroupFormat format, Action<ReadOnlySpan<byte>>? stored)
    {
        if (_columnCount == _view.Columns)
        {
            stored?.Invoke(bytes);
            _view.Blocks.Unpack!(bytes, groups);
            return;
        }

        for (var row = 0; row < groups.Codes.Length / _columnCount; row++)
        {
            var blocks = bytes.Slice((int)(row * _stride), (int)RowBytes);
            stored?.Invoke(blocks);
            _view.Blocks.Unpack!(blocks, groups.Part(format, row * _columnCount, _columnCount));
        }
    }

    private void RequireFinite(int firstRow, in GroupRows groups, GroupFormat format)
    {
        if (groups.FindNonFinite() is not (var block, var number))
            return;
        var row = firstRow + (int)((long)block * format.BlockInputs / _columnCount);
        throw format.DType != DType.MX4 ? NotFinite(row, number) : new ModelFormatException(
            _view.File, _view.Source, "blocks with scales from 2^-24 to 2^15, or dtype float32 or bfloat16",
            FormattableString.Invariant($"another in row {_firstRow + row}"));
    }

    /// <summary>A scale that is no number would give logits that are none, many products later.</summary>
    private void RequireFinite(int firstRow, ReadOnlySpan<float> values)
    {
        if (_blockElements == 1 || TensorPrimitives.IsFiniteAll(values))
            return;
        for (var i = 0; i < values.Length; i++)
        {
            if (!float.IsFinite(values[i]))
                throw NotFinite(firstRow + (i / _columnCount), values[i]);
        }
    }

    private ModelFormatException NotFinite(int row, object found) => new(
        _view.File, _view.Source, "blocks of finite values", FormattableString.Invariant($"{found} in row {_firstRow + row}"));

    private static void RequireInside(long limit, long first, int count, string name)
    {
        if (first < 0 || count < 0 || first > limit - count)
            throw new ArgumentOutOfRangeException(name, $"{first}+{count}", $"the tensor has {limit}");
    }
}
