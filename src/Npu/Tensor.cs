namespace AkkaCp.Npu;

/// <summary>
/// Handle of a piece of a device's memory. Whoever holds it disposes it or hands it on; disposing gives the memory back to the
/// device's <see cref="TensorPool"/>. Memory is 64-byte aligned and not cleared. A value, so that a step's tensors cost the garbage
/// collector nothing; every copy of a disposed handle is refused, also when its memory serves another tensor by then.
/// </summary>
public readonly record struct Tensor : IDisposable
{
    private readonly TensorBlock? _block;
    private readonly long _generation;

    internal Tensor(TensorBlock block, long generation) => (_block, _generation) = (block, generation);

    /// <summary>The whole tensor, dense.</summary>
    /// <exception cref="ObjectDisposedException">The memory went back to the pool, or there never was any (a default handle).</exception>
    public TensorView View
    {
        get
        {
            ObjectDisposedException.ThrowIf(_block is null || !_block.IsRented(_generation), typeof(Tensor));
            return _block.View;
        }
    }

    /// <summary>Lets a tensor stand where an operator takes a view.</summary>
    public static implicit operator TensorView(Tensor tensor) => tensor.View;

    /// <summary>Gives the memory back; further calls, on any copy, do nothing.</summary>
    public void Dispose() => _block?.Release(_generation);

    /// <summary>Type and shape, for messages.</summary>
    public override string ToString() =>
        _block is not null && _block.IsRented(_generation) ? _block.ToString() : $"{nameof(Tensor)} without memory";
}
