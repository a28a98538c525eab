using System.Buffers;
using System.Runtime.InteropServices;

namespace AkkaCp.Npu;

/// <summary>
/// Where the host writes elements of a tensor, all of them, until it is disposed: the tensor's own memory on a device that computes in
/// the host's, bytes that are copied there at the end otherwise. Made by <see cref="TensorView.MapWrite"/>.
/// </summary>
public readonly unsafe ref struct WriteMapping
{
    private readonly byte[]? _copy;
    private readonly IDeviceMemory? _apart;
    private readonly nint _data;
    private readonly DType _dtype;

    internal WriteMapping(void* data, int length, DType dtype, IDeviceMemory? apart)
    {
        (_data, _dtype, _apart) = ((nint)data, dtype, apart);
        if (apart is not null)
            _copy = ArrayPool<byte>.Shared.Rent(length);

        Bytes = _copy is null ? new Span<byte>(data, length) : _copy.AsSpan(0, length);
    }

    /// <summary>All bytes; undefined until written.</summary>
    public Span<byte> Bytes { get; }

    /// <summary>All elements as floats.</summary>
    /// <exception cref="InvalidOperationException">The element type is not F32.</exception>
    public Span<float> F32
    {
        get
        {
            TensorView.Require(DType.F32, _dtype);
            return MemoryMarshal.Cast<byte, float>(Bytes);
        }
    }

    /// <summary>All elements as raw BF16.</summary>
    /// <exception cref="InvalidOperationException">The element type is not BF16.</exception>
    public Span<ushort> BF16
    {
        get
        {
            TensorView.Require(DType.BF16, _dtype);
            return MemoryMarshal.Cast<byte, ushort>(Bytes);
        }
    }

    /// <summary>What was written is in the tensor afterwards; once.</summary>
    public void Dispose()
    {
        if (_copy is null)
            return;

        _apart!.CopyFromHost(Bytes, _data);
        ArrayPool<byte>.Shared.Return(_copy);
    }
}
