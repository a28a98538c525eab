using AkkaCp.Npu;

namespace AkkaCp.Collectives.Wire;

/// <summary>
/// Takes frames from a connection. Headers and short payloads come through a buffer of fixed size, many at a time; a long dense payload
/// goes from the kernel into the tensor without a copy, but for what came with its header. Nothing is ever allocated for a frame.
/// </summary>
internal sealed class FrameReader(Connection connection)
{
    private const int BufferBytes = 64 << 10;
    private const int MaxPieceBytes = 1 << 30;

    // From here on a copy costs more than a system call of its own.
    private const int LongBytes = 8 << 10;

    // Long frames come in rows: behind one, only the next one's header is read, for what came with it would be copied.
    private const int ShortReadAheadBytes = FrameHeader.Bytes;

    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(BufferBytes, pinned: true);
    private int _next;
    private int _end;
    private int _readAhead = BufferBytes;

    /// <summary>The next frame's header; false when the other side closed between two frames.</summary>
    /// <exception cref="ProtocolException">The bytes are no frame's.</exception>
    public bool TryReadHeader(out FrameHeader header)
    {
        while (_end - _next < FrameHeader.Bytes)
        {
            if (!TryFillBuffer())
            {
                header = default;
                return _end == _next ? false : throw new IOException("the peer closed the connection inside a frame");
            }
        }

        header = FrameHeader.Read(_buffer.AsSpan(_next));
        _next += FrameHeader.Bytes;
        if (header.Length > 0)
            _readAhead = header.Length >= LongBytes ? ShortReadAheadBytes : BufferBytes;

        return true;
    }

    /// <summary>The payload, into rows that fit it.</summary>
    public void Read(TensorView rows)
    {
        if (!rows.IsDense)
        {
            for (var row = 0; row < rows.Rows; row++)
                ReadPiece(rows.Slice(row, 1));

            return;
        }

        var perPiece = (int)Math.Max(1, MaxPieceBytes / Math.Max(1, (long)rows.RowLength * rows.DType.Bytes()));
        for (var row = 0; row < rows.Rows; row += perPiece)
            ReadPiece(rows.Slice(row, Math.Min(perPiece, rows.Rows - row)));
    }

    /// <summary>The payload, or the next part of it.</summary>
    public void Read(Span<byte> to)
    {
        while (!to.IsEmpty)
        {
            if (_next == _end && to.Length >= LongBytes)
            {
                var count = connection.Receive(to);
                RequireOpen(count > 0);
                to = to[count..];
                continue;
            }

            if (_next == _end)
                RequireOpen(TryFillBuffer());

            var held = Math.Min(to.Length, _end - _next);
            _buffer.AsSpan(_next, held).CopyTo(to);
            _next += held;
            to = to[held..];
        }
    }

    /// <summary>Leaves a payload that nobody wants any more.</summary>
    public void Skip(long bytes)
    {
        while (bytes > 0)
        {
            if (_next == _end)
                RequireOpen(TryFillBuffer());

            var held = (int)Math.Min(bytes, _end - _next);
            _next += held;
            bytes -= held;
        }
    }

    private void ReadPiece(TensorView rows)
    {
        using var host = rows.MapWrite();
        Read(host.Bytes);
    }

    private bool TryFillBuffer()
    {
        if (_next > 0)
        {
            _buffer.AsSpan(_next, _end - _next).CopyTo(_buffer);
            _end -= _next;
            _next = 0;
        }

        var count = connection.Receive(_buffer.AsSpan(_end, Math.Max(_readAhead - _end, FrameHeader.Bytes)));
        _end += count;
        return count > 0;
    }

    private static void RequireOpen(bool isOpen)
    {
        if (!isOpen)
            throw new IOException("the peer closed the connection inside a frame");
    }
}
