namespace AkkaCp.Npu;

/// <summary>
/// Memory of one device, 64-byte aligned, reused by size class so that a steady step allocates nothing, neither from the system
/// nor from the garbage collector.
/// Counts bytes handed out now and at peak. Thread-safe.
/// </summary>
/// <param name="memory">Where tensors lie; null = native memory of this process.</param>
public sealed unsafe class TensorPool(IDeviceMemory? memory = null) : IDisposable
{
    /// <summary>Alignment of every tensor: a cache line, and the widest vector.</summary>
    public const int Alignment = 64;

    private readonly IDeviceMemory _memory = memory ?? DeviceResources.OfProcess;
    private readonly Lock _lock = new();
    private readonly Dictionary<nuint, Stack<TensorBlock>> _free = [];
    private readonly HashSet<TensorBlock> _live = [];
    private long _bytesNow;
    private long _bytesPeak;
    private long _bytesReserved;
    private bool _disposed;

    /// <summary>Bytes that tensors hold now.</summary>
    public long BytesNow => Interlocked.Read(ref _bytesNow);

    /// <summary>The most bytes that tensors held at once since the start or the last <see cref="ResetPeak"/>.</summary>
    public long BytesPeak => Interlocked.Read(ref _bytesPeak);

    /// <summary>Bytes taken from the system: handed out, or kept for reuse.</summary>
    public long BytesReserved => Interlocked.Read(ref _bytesReserved);

    /// <summary>Tensors not yet disposed.</summary>
    public int LiveTensors
    {
        get
        {
            lock (_lock)
                return _live.Count;
        }
    }

    /// <summary>Type and shape of each tensor not yet disposed, for leak messages.</summary>
    public IReadOnlyList<string> DescribeLive()
    {
        lock (_lock)
            return [.. _live.Select(block => block.ToString())];
    }

    /// <summary>Starts a new peak measurement at the bytes held now.</summary>
    public void ResetPeak() => Interlocked.Exchange(ref _bytesPeak, BytesNow);

    /// <summary>A tensor of the given type and shape; its content is undefined.</summary>
    /// <exception cref="ObjectDisposedException">The pool is closed.</exception>
    /// <exception cref="OutOfMemoryException">The system has no memory left.</exception>
    public Tensor Rent(DType dtype, params ReadOnlySpan<int> shape)
    {
        var bytes = new TensorView(null, dtype, shape).Count * dtype.Bytes();
        var capacity = SizeClass((nuint)bytes);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (!_free.TryGetValue(capacity, out var stack) || !stack.TryPop(out var block))
            {
                block = new TensorBlock(this, (void*)_memory.Allocate(capacity), capacity);
                _bytesReserved += (long)capacity;
            }

            _bytesNow += (long)capacity;
            _bytesPeak = Math.Max(_bytesPeak, _bytesNow);
            _live.Add(block);
            return block.Rent(dtype, shape);
        }
    }

    /// <summary>Frees what is kept for reuse, and refuses further requests. Tensors still out stay valid; they free themselves.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            foreach (var stack in _free.Values)
            {
                while (stack.TryPop(out var block))
                    Free(block);
            }
        }
    }

    /// <summary>The memory, when the host does not reach it by address.</summary>
    internal IDeviceMemory? Apart => _memory.IsHostMemory ? null : _memory;

    internal void Return(TensorBlock block)
    {
        lock (_lock)
        {
            _live.Remove(block);
            _bytesNow -= (long)block.CapacityBytes;
            if (_disposed)
            {
                Free(block);
                return;
            }

            if (!_free.TryGetValue(block.CapacityBytes, out var stack))
                _free.Add(block.CapacityBytes, stack = new Stack<TensorBlock>());

            stack.Push(block);
        }
    }

    // Steps of an eighth of a power of two: at most 12.5 % is wasted, and sizes of neighbouring steps share a class.
    private static nuint SizeClass(nuint bytes)
    {
        var wanted = Math.Max(bytes, Alignment);
        var step = Math.Max(System.Numerics.BitOperations.RoundUpToPowerOf2((ulong)wanted) / 16, Alignment);
        return (nuint)((wanted + step - 1) / step * step);
    }

    private void Free(TensorBlock block)
    {
        _memory.Free((nint)block.Memory);
        _bytesReserved -= (long)block.CapacityBytes;
    }
}
