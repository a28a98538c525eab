namespace AkkaCp.Npu;

/// <summary>
/// Where devices and weights take native memory and threads from: the system. A test puts its own in its place, to count what is out or
/// to refuse one request. Thread-safe.
/// </summary>
public class DeviceResources
{
    /// <summary>Those of this process.</summary>
    public static DeviceResources OfProcess { get; } = new();

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
}
