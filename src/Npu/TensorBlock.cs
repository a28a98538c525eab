namespace AkkaCp.Npu;

/// <summary>
/// A piece of a pool's memory, lent to one tensor after another. Each lending has its own generation; a handle of an earlier one is
/// refused.
/// </summary>
internal sealed unsafe class TensorBlock(TensorPool pool, void* memory, nuint capacityBytes)
{
    private readonly nint _memory = (nint)memory;
    private TensorView _view;
    private long _generation;

    public nuint CapacityBytes { get; } = capacityBytes;

    public void* Memory => (void*)_memory;

    /// <summary>What the tensor of now looks like.</summary>
    public ref readonly TensorView View => ref _view;

    public bool IsRented(long generation) => Volatile.Read(ref _generation) == generation;

    /// <summary>Lends the memory; the pool has seen to it that nobody has it.</summary>
    public Tensor Rent(DType dtype, ReadOnlySpan<int> shape)
    {
        _view = new TensorView(Memory, dtype, shape, apart: pool.Apart);
        return new Tensor(this, _generation);
    }

    /// <summary>Ends the lending of this generation, once.</summary>
    public void Release(long generation)
    {
        // Exchanged, so that two threads that both dispose give the memory back once.
        if (Interlocked.CompareExchange(ref _generation, generation + 1, generation) == generation)
            pool.Return(this);
    }

    public override string ToString() => $"{_view.DType}{_view}";
}
