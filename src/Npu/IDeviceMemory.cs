namespace AkkaCp.Npu;

/// <summary>
/// Memory that a kind of device computes in. Its addresses mean something to the device; the host may use them alone when
/// <see cref="IsHostMemory"/> says so, and otherwise copies. A <see cref="TensorPool"/> makes tensors of it. Thread-safe.
/// </summary>
public interface IDeviceMemory
{
    /// <summary>Whether the host reads and writes the addresses as its own. Elements are then never copied on their way to it.</summary>
    bool IsHostMemory { get; }

    /// <summary>Memory of the given size, aligned to <see cref="TensorPool.Alignment"/> and not cleared (CANN aclrtMalloc).</summary>
    /// <exception cref="OutOfMemoryException">There is no memory left.</exception>
    nint Allocate(nuint bytes);

    /// <summary>Gives memory back; 0 is none (CANN aclrtFree).</summary>
    void Free(nint memory);

    /// <summary>Copies bytes out of the device's memory; returns when they are there (CANN aclrtMemcpy, device to host).</summary>
    void CopyToHost(nint from, Span<byte> to);

    /// <summary>Copies bytes into the device's memory; returns when they are there (CANN aclrtMemcpy, host to device).</summary>
    void CopyFromHost(ReadOnlySpan<byte> from, nint to);
}
