namespace AkkaCp.Npu.Cpu.Products.Packing;

/// <summary>How BF16 weights of 32 outputs lie in a panel. Both take K · 64 bytes.</summary>
internal enum BF16Packing
{
    /// <summary>[K][16 words]: outputs j and j+16 in the halves of word j, so that a shift and a mask widen them.</summary>
    Halves,

    /// <summary>[K/2][32 words]: inputs 2i and 2i+1 of one output in the halves of its word; an odd K ends with a zero.</summary>
    Pairs,
}
