using AkkaCp.Npu;

namespace AkkaCp.Pipeline.Kv;

/// <summary>Size of one rank's paged KV pool.</summary>
public sealed record KvPoolShape
{
    /// <summary>Decoder layers.</summary>
    public required int Layers { get; init; }

    /// <summary>Blocks of each layer, block 0 included.</summary>
    public required int Blocks { get; init; }

    /// <summary>Tokens of a block: a multiple of 16, at most 1024 (FIA's rule).</summary>
    public required int BlockSize { get; init; }

    /// <summary>What a layer keeps of a token.</summary>
    public required KvRow Row { get; init; }

    /// <summary>Type of the cached keys and values.</summary>
    public required DType DType { get; init; }

    /// <summary>Bytes of one block over all layers, keys and values together.</summary>
    public long BytesPerBlock => (long)Layers * BlockSize * Row.Length * DType.Bytes();

    /// <summary>Bytes of the pool.</summary>
    public long Bytes => ByteCount.Product(BytesPerBlock, Blocks);

    /// <summary>Throws when a size cannot be.</summary>
    /// <exception cref="ArgumentException">The message names all mistakes.</exception>
    public KvPoolShape Validate()
    {
        var problems = new List<string>();
        foreach (var (name, size) in (ReadOnlySpan<(string, int)>)
            [
                (nameof(Layers), Layers), (nameof(Row.KvHeads), Row.KvHeads),
                (nameof(Row.KeyDim), Row.KeyDim), (nameof(Row.ValueDim), Row.ValueDim),
            ])
        {
            if (size < 1)
                problems.Add($"{name}: expected at least 1, found {size}");
        }

        if (Blocks < 2)
            problems.Add($"{nameof(Blocks)}: expected at least 2, block 0 being kept free, found {Blocks}");

        if (BlockSize < 16 || BlockSize > 1024 || BlockSize % 16 != 0)
            problems.Add($"{nameof(BlockSize)}: expected a multiple of 16 up to 1024, found {BlockSize}");

        if ((long)Blocks * BlockSize > int.MaxValue)
            problems.Add($"{nameof(Blocks)}: expected at most {int.MaxValue} slots, found {Blocks} blocks of {BlockSize}");

        return problems.Count == 0 ? this : throw new ArgumentException($"{nameof(KvPoolShape)}: {string.Join("; ", problems)}");
    }
}
