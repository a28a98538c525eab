using System.Buffers;
using System.Runtime.InteropServices;

namespace AkkaCp.Npu;

/// <summary>
/// Elements of a tensor where the host reads them, until it is disposed: the tensor's own memory on a device that computes in the
/// host's, a copy of it otherwise. Made by <see cref="TensorView.MapRead"/>.
/// </summary>
public readonly unsafe ref struct ReadMapping
{
    private readonly byte[]? _copy;
    private readonly DType _dtype;

    internal ReadMapping(void* data, int length, DType dtype, IDeviceMemory? apart)
    {
        _dtype = dtype;
        Bytes = new ReadOnlySpan<byte>(data, length);
        if (apart is null)
            return;

        _copy = ArrayPool<byte>.Shared.Rent(length);
        apart.CopyToHost((nint)data, _copy.AsSpan(0, length));
        Bytes = _copy.AsSpan(0, length);
    }

    /// <summary>All bytes.</summary>
    public ReadOnlySpan<byte> Bytes { get; }

    /// <summary>All elements as floats.</summary>
    /// <exception cref="InvalidOperationException">The element type is not F32.</exception>
    public ReadOnlySpan<float> F32
    {
        get
        {
            TensorView.Require(DType.F32, _dtype);
            return MemoryMarshal.Cast<byte, float>(Bytes);
        }
    }

    /// <summary>Lets go of the copy, if there is one; once.</summary>
    public void Dispose()
    {
        if (_copy is not null)
            ArrayPool<byte>.Shared.Return(_copy);
    }
}
