using AkkaCp.Npu;

namespace AkkaCp.Pipeline.Kv;

/// <summary>
/// One rank's paged key and value caches, a pair of tensors for each layer, a <see cref="KvRow"/> in each slot. It owns them and returns
/// them when disposed. Their content is undefined until written; attention reads only slots below a request's length.
/// </summary>
public sealed class KvPool : IDisposable
{
    private readonly Tensor[] _keys;
    private readonly Tensor[] _values;

    /// <summary>Takes the memory of the whole pool.</summary>
    /// <param name="memory">Memory of the rank's device.</param>
    /// <param name="shape">Its size.</param>
    /// <exception cref="ArgumentException">A size cannot be.</exception>
    /// <exception cref="OutOfMemoryException">The system has no memory left; what was taken is returned.</exception>
    public KvPool(TensorPool memory, KvPoolShape shape)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(shape);
        Shape = shape.Validate();
        _keys = new Tensor[shape.Layers];
        _values = new Tensor[shape.Layers];
        try
        {
            for (var layer = 0; layer < shape.Layers; layer++)
            {
                _keys[layer] = memory.Rent(shape.DType, shape.Blocks, shape.BlockSize, shape.Row.KvHeads, shape.Row.KeyDim);
                _values[layer] = memory.Rent(shape.DType, shape.Blocks, shape.BlockSize, shape.Row.KvHeads, shape.Row.ValueDim);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The pool's size.</summary>
    public KvPoolShape Shape { get; }

    /// <summary>Keys of a layer, [blocks, block size, kvN, KeyDim].</summary>
    public TensorView Keys(int layer) => _keys[layer].View;

    /// <summary>Values of a layer, [blocks, block size, kvN, ValueDim].</summary>
    public TensorView Values(int layer) => _values[layer].View;

    /// <summary>Returns the memory; further calls do nothing.</summary>
    public void Dispose()
    {
        foreach (var tensor in _keys.Concat(_values))
        {
            // A default handle, which does nothing, where the constructor ran out of memory.
            tensor.Dispose();
        }
    }
}
