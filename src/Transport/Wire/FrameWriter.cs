using AkkaCp.Npu;

namespace AkkaCp.Transport.Wire;

/// <summary>
/// Puts frames on a connection. Headers and short payloads are collected, so that a small frame is one system call; what is left of a
/// dense payload goes from the tensor to the kernel without a copy.
/// </summary>
internal sealed class FrameWriter(Connection connection)
{
    // An eager frame and more: a copy of that size, inside the second-level cache, costs less than the system call that it saves.
    private const int BufferBytes = 96 << 10;

    // A span cannot hold 2 GiB; more goes in pieces.
    private const int MaxPieceBytes = 1 << 30;

    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(BufferBytes, pinned: true);
    private int _filled;

    /// <summary>Bytes collected that <see cref="Flush"/> would send.</summary>
    public int Pending => _filled;

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
        {
            Write(rows.Slice(row, 1).Bytes());
        }
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
        {
            connection.Send(_buffer.AsSpan(0, _filled));
            _filled = 0;
        }
    }

    private void WriteHeader(in FrameHeader header)
    {
        if (BufferBytes - _filled < FrameHeader.Bytes)
        {
            Flush();
        }

        header.Write(_buffer.AsSpan(_filled));
        _filled += FrameHeader.Bytes;
    }

    private void WriteDense(TensorView rows)
    {
        var perPiece = (int)Math.Max(1, MaxPieceBytes / Math.Max(1, (long)rows.RowLength * rows.DType.Bytes()));
        for (var row = 0; row < rows.Rows; row += perPiece)
        {
            Write(rows.Slice(row, Math.Min(perPiece, rows.Rows - row)).Bytes());
        }
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        var first = Math.Min(bytes.Length, BufferBytes - _filled);
        bytes[..first].CopyTo(_buffer.AsSpan(_filled));
        _filled += first;
        bytes = bytes[first..];
        if (bytes.IsEmpty)
        {
            return;
        }

        Flush();
        if (bytes.Length >= BufferBytes)
        {
            connection.Send(bytes);
            return;
        }

        bytes.CopyTo(_buffer);
        _filled = bytes.Length;
    }
}
