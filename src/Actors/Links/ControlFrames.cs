using System.Buffers;
using System.Buffers.Binary;
using Google.Protobuf;

namespace AkkaCp.Actors.Links;

/// <summary>Frames of a stream: a length of 4 bytes, little-endian, then the payload. Memory grows with what has come, not with what was
/// announced.</summary>
/// <param name="stream">Where they come from.</param>
internal sealed class ControlFrames(Stream stream)
{
    private const int LengthBytes = 4;
    private const int FirstBytes = 4096;

    private byte[] _buffer = new byte[FirstBytes];
    private int _start;
    private int _end;

    /// <summary>The next payload; null when the stream has ended.</summary>
    /// <param name="mostBytes">Its length at most.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="InvalidDataException">A longer one was announced, or an empty one.</exception>
    public async ValueTask<ByteString?> NextAsync(int mostBytes, CancellationToken cancellationToken)
    {
        if (!await FillAsync(LengthBytes, cancellationToken).ConfigureAwait(false))
            return null;
        var length = BinaryPrimitives.ReadInt32LittleEndian(_buffer.AsSpan(_start));
        if (length <= 0 || length > mostBytes)
            throw new InvalidDataException($"expected a frame of 1 to {mostBytes} bytes, found {(uint)length}");
        if (!await FillAsync(LengthBytes + length, cancellationToken).ConfigureAwait(false))
            return null;
        var payload = ByteString.CopyFrom(_buffer, _start + LengthBytes, length);
        _start += LengthBytes + length;
        return payload;
    }

    /// <summary>The payloads as they leave.</summary>
    public static void Write(IReadOnlyList<ByteString> payloads, ArrayBufferWriter<byte> to)
    {
        foreach (var payload in payloads)
        {
            var span = to.GetSpan(LengthBytes + payload.Length);
            BinaryPrimitives.WriteInt32LittleEndian(span, payload.Length);
            payload.Span.CopyTo(span[LengthBytes..]);
            to.Advance(LengthBytes + payload.Length);
        }
    }

    private async ValueTask<bool> FillAsync(int count, CancellationToken cancellationToken)
    {
        while (_end - _start < count)
        {
            MakeRoom(count);
            var read = await stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken).ConfigureAwait(false);
            if (read == 0)
                return false;
            _end += read;
        }

        return true;
    }

    /// <summary>Room behind what is there: for the rest of the frame, or as much again as has come of it if that is less.</summary>
    private void MakeRoom(int count)
    {
        if (_end < _buffer.Length && _start == 0)
            return;
        var held = _end - _start;
        var buffer = held == _buffer.Length ? new byte[Math.Min(count, 2 * held)] : _buffer;
        _buffer.AsSpan(_start, held).CopyTo(buffer);
        (_buffer, _start, _end) = (buffer, 0, held);
    }
}
