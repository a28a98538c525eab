using AkkaCp.Npu;

namespace AkkaCp.Collectives.Links;

/// <summary>Memory set aside for one peer's frames that come before their call: a fixed number of equal places. Guarded by the mesh's
/// gate; a place is written and read by who took it.</summary>
internal sealed class EagerArena : IDisposable
{
    private readonly Tensor _memory;
    private readonly Stack<int> _free;

    public EagerArena(TensorPool pool, int places, int bytes)
    {
        // Two bytes an element, so that a place is a row.
        _memory = pool.Rent(DType.BF16, places, (bytes + 1) / 2);
        _free = new Stack<int>(Enumerable.Range(0, places));
    }

    public int Free => _free.Count;

    /// <summary>A free place; -1 when there is none.</summary>
    public int Take() => _free.TryPop(out var place) ? place : -1;

    public void Return(int place) => _free.Push(place);

    /// <summary>Memory of a place, as many bytes as the longest frame has.</summary>
    public TensorView Place(int place) => _memory.View.Slice(place, 1);

    public void Dispose() => _memory.Dispose();
}
