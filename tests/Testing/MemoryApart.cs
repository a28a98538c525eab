using System.Collections.Concurrent;
using AkkaCp.Npu;

namespace AkkaCp.Testing;

/// <summary>Memory that only its device reaches, as a card's: whoever reads its addresses as the host's own ends the process.</summary>
public sealed class MemoryApart : IDeviceMemory
{
    // Beyond what any process can have mapped.
    private const long FirstAddress = 1L << 60;

    private readonly Lock _lock = new();
    private readonly SortedList<nint, byte[]> _blocks = [];
    private nint _next = unchecked((nint)FirstAddress);

    /// <summary>Bytes copied, in order, and which way.</summary>
    public ConcurrentQueue<(string Way, int Bytes)> Copies { get; } = [];

    /// <summary>Blocks not given back.</summary>
    public int Blocks
    {
        get
        {
            lock (_lock)
                return _blocks.Count;
        }
    }

    public bool IsHostMemory => false;

    public nint Allocate(nuint bytes)
    {
        lock (_lock)
        {
            var address = _next;
            _blocks.Add(address, new byte[bytes]);
            _next += (nint)bytes;
            return address;
        }
    }

    public void Free(nint memory)
    {
        lock (_lock)
        {
            if (memory != 0 && !_blocks.Remove(memory))
                throw new InvalidOperationException("memory was freed that is not out");
        }
    }

    public void CopyToHost(nint from, Span<byte> to)
    {
        Find(from, to.Length).CopyTo(to);
        Copies.Enqueue(("to host", to.Length));
    }

    public void CopyFromHost(ReadOnlySpan<byte> from, nint to)
    {
        from.CopyTo(Find(to, from.Length));
        Copies.Enqueue(("to device", from.Length));
    }

    private Span<byte> Find(nint address, int length)
    {
        lock (_lock)
        {
            // The last block that begins there or before.
            var (low, high) = (0, _blocks.Count);
            while (low < high)
            {
                var middle = (low + high) / 2;
                (low, high) = _blocks.GetKeyAtIndex(middle) <= address ? (middle + 1, high) : (low, middle);
            }

            return low > 0
                ? _blocks.GetValueAtIndex(low - 1).AsSpan((int)(address - _blocks.GetKeyAtIndex(low - 1)), length)
                : throw new InvalidOperationException($"{address:x} is no address of this memory");
        }
    }
}
