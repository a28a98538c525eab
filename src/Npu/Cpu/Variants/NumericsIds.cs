namespace AkkaCp.Npu.Cpu.Variants;

/// <summary>Names of the arithmetics of products; a change of any bit of a product needs a new one.</summary>
internal static class NumericsIds
{
    /// <summary>F32 and BF16 weights: y = fma(x[k], w[k], y) with k rising, x in F32.</summary>
    public const string Portable = "f32:fma-k,bf16:fma-k-x32";

    /// <summary>
    /// F32 weights as <see cref="Portable"/>. BF16 weights: x rounded to BF16, and for each pair of inputs vdpbf16ps, which takes
    /// denormals for zero and leaves none.
    /// </summary>
    public const string PairsBF16 = "f32:fma-k,bf16:vdpbf16ps-x16";
}
