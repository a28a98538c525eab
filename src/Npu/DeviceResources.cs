namespace AkkaCp.Npu;

/// <summary>
/// Where devices that compute on the host take native memory and threads from: the system. A test puts its own in its place, to count
/// what is out or to refuse one request. Thread-safe.
/// </summary>
public unsafe class DeviceResources : IDeviceMemory
{
    /// <summary>Those of this process.</summary>
    public static DeviceResources OfProcess { get; } = new();

    bool IDeviceMemory.IsHostMemory => true;

    /// <summary>Memory of the given size, aligned to <see cref="TensorPool.Alignment"/> and not cleared.</summary>
    /// <exception cref="OutOfMemoryException">The system has no memory left.</exception>
    public virtual nint Allocate(nuint bytes) => LargePages.Allocate(bytes);

    /// <summary>Gives memory back; 0 is none.</summary>
    public virtual void Free(nint memory) => LargePages.Free(memory);

    /// <summary>Starts a thread, without the starter's execution context: each task queued there would carry it.</summary>
    /// <exception cref="OutOfMemoryException">The system has no thread left.</exception>
    public virtual void Start(Thread thread)
    {
        ArgumentNullException.ThrowIfNull(thread);
        thread.UnsafeStart();
    }

    void IDeviceMemory.CopyToHost(nint from, Span<byte> to) => new Span<byte>((void*)from, to.Length).CopyTo(to);

    void IDeviceMemory.CopyFromHost(ReadOnlySpan<byte> from, nint to) => from.CopyTo(new Span<byte>((void*)to, from.Length));
}
