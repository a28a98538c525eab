using System.Buffers;

namespace AkkaCp.Model.Weights.Sources;

/// <summary>Rented bytes for raw data on its way to floats; grows up to a fixed bound.</summary>
internal sealed class ReadBuffer : IDisposable
{
    public const int MaxBytes = 1 << 20;

    private byte[] _bytes = [];

    /// <summary>The first <paramref name="count"/> bytes; what was there before is lost.</summary>
    public Span<byte> Take(int count)
    {
        if (_bytes.Length < count)
        {
            Dispose();
            _bytes = ArrayPool<byte>.Shared.Rent(count);
        }

        return _bytes.AsSpan(0, count);
    }

    public void Dispose()
    {
        if (_bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = [];
        }
    }
}
