namespace AkkaCp.Npu;

/// <summary>
/// Owner of a piece of a device's memory. Whoever holds it disposes it or hands it on; disposing gives the memory back to the
/// device's <see cref="TensorPool"/>. Memory is 64-byte aligned and not cleared.
/// </summary>
public sealed unsafe class Tensor : IDisposable
{
    private readonly TensorPool _pool;
    private readonly TensorView _view;
    private nint _memory;

    internal Tensor(TensorPool pool, void* memory, nuint capacityBytes, TensorView view)
    {
        _pool = pool;
        _memory = (nint)memory;
        CapacityBytes = capacityBytes;
        _view = view;
    }

    /// <summary>The whole tensor, dense.</summary>
    /// <exception cref="ObjectDisposedException">The memory went back to the pool.</exception>
    public TensorView View
    {
        get
        {
            ObjectDisposedException.ThrowIf(_memory == 0, this);
            return _view;
        }
    }

    internal nuint CapacityBytes { get; }

    /// <summary>Lets a tensor stand where an operator takes a view.</summary>
    public static implicit operator TensorView(Tensor tensor) => tensor.View;

    /// <summary>Gives the memory back; further calls do nothing.</summary>
    public void Dispose()
    {
        // Exchanged, so that two threads that both dispose give it back once.
        var memory = Interlocked.Exchange(ref _memory, 0);
        if (memory != 0)
        {
            _pool.Return((void*)memory, CapacityBytes, this);
        }
    }

    /// <summary>Type and shape, for messages.</summary>
    public override string ToString() => $"{_view.DType}{_view}";
}
