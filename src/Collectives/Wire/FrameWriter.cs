using AkkaCp.Npu;

namespace AkkaCp.Collectives.Wire;

/// <summary>
/// Puts frames on a connection. Headers and short payloads are collected, so that a small frame is one system call; a long dense payload
/// goes from the tensor to the kernel without a copy, together with what was collected.
/// </summary>
internal sealed class FrameWriter(Connection connection)
{
    /// <summary>Bytes of frames, headers included, that can be written without waiting.</summary>
    public const int MaxBytesAtOnce = 72 << 10;

    // An eager frame and more, for connections that cannot gather: there a copy costs less than the system call that it saves.
    private const int BufferBytes = 96 << 10;

    // From here on a copy costs more than a second place to send from.
    private const int LongBytes = 8 << 10;

    // A span cannot hold 2 GiB; more goes in pieces.
    private const int MaxPieceBytes = 1 << 30;

    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(BufferBytes, pinned: true);
    private int _filled;

    /// <summary>Bytes collected that <see cref="Flush"/> would send.</summary>
    public int Pending => _filled;

    /// <summary>Whether a call waits until the socket has room. While it does not, what finds no room stays collected: frames of no more
    /// than <see cref="MaxBytesAtOnce"/> in all, on an empty buffer. On a connection that cannot gather every call may wait.</summary>
    public bool MayWait { get; set; } = true;

    /// <summary>A frame of rows; after the call the tensor is not read any more.</summary>
    public void Write(in FrameHeader header, TensorView rows)
    {
        WriteHeader(header);
        if (rows.IsDense)
        {
            WriteDense(rows);
            return;
        }

        for (var row = 0; row < rows.Rows; row++)
            WritePiece(rows.Slice(row, 1));
    }

    /// <summary>A frame of bytes.</summary>
    public void Write(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        WriteHeader(header);
        Write(payload);
    }

    /// <summary>Sends what was collected.</summary>
    public void Flush()
    {
        if (_filled > 0)
            Send([]);
    }

    private void WriteHeader(in FrameHeader header)
    {
        if (BufferBytes - _filled < FrameHeader.Bytes)
            Flush();

        header.Write(_buffer.AsSpan(_filled));
        _filled += FrameHeader.Bytes;
    }

    private void WriteDense(TensorView rows)
    {
        var perPiece = (int)Math.Max(1, MaxPieceBytes / Math.Max(1, (long)rows.RowLength * rows.DType.Bytes()));
        for (var row = 0; row < rows.Rows; row += perPiece)
            WritePiece(rows.Slice(row, Math.Min(perPiece, rows.Rows - row)));
    }

    private void WritePiece(TensorView rows)
    {
        using var host = rows.MapRead();
        Write(host.Bytes);
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length >= LongBytes && connection.Gathers)
        {
            Send(bytes);
            return;
        }

        var first = Math.Min(bytes.Length, BufferBytes - _filled);
        bytes[..first].CopyTo(_buffer.AsSpan(_filled));
        _filled += first;
        bytes = bytes[first..];
        if (bytes.IsEmpty)
            return;

        Flush();
        if (bytes.Length >= BufferBytes)
        {
            connection.Send(bytes);
            return;
        }

        bytes.CopyTo(_buffer);
        _filled = bytes.Length;
    }

    // What was collected and these bytes.
    private void Send(ReadOnlySpan<byte> bytes)
    {
        if (MayWait || !connection.Gathers)
        {
            connection.Send(_buffer.AsSpan(0, _filled), bytes);
            _filled = 0;
            return;
        }

        var sent = connection.SendAtOnce(_buffer.AsSpan(0, _filled), bytes);
        var collected = Math.Min(sent, _filled);
        _buffer.AsSpan(collected, _filled - collected).CopyTo(_buffer);
        _filled -= collected;
        bytes = bytes[(sent - collected)..];
        bytes.CopyTo(_buffer.AsSpan(_filled));
        _filled += bytes.Length;
    }
}
