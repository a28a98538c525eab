namespace AkkaCp.Bench.Peers.Gguf;

/// <summary>One tensor of a GGUF file: its name there, and the HF tensors whose rows it is made of, one behind the other.</summary>
/// <param name="Name">Name in GGUF.</param>
/// <param name="Type">Type in GGUF.</param>
/// <param name="Shape">Row-major, the longest stride first, as HF writes it.</param>
/// <param name="Sources">HF names; several are stacked along a new first dimension.</param>
internal sealed record GgufTensor(string Name, GgufType Type, long[] Shape, IReadOnlyList<string> Sources)
{
    /// <summary>Elements.</summary>
    public long Count => Shape.Aggregate(1L, (product, dimension) => product * dimension);

    /// <summary>Bytes of the data.</summary>
    public long Bytes => Type switch
    {
        GgufType.F32 => 4 * Count,
        GgufType.BF16 => 2 * Count,
        _ => Count / Q8Blocks.Length * Q8Blocks.Bytes,
    };
}
