namespace AkkaCp.Npu.Cpu.Products.Kernels;

/// <summary>Names of the arithmetics of products and attention; a change of any bit of either needs a new one.</summary>
internal static class NumericsIds
{
    /// <summary>F32 and BF16 weights: y = fma(x[k], w[k], y) with k rising, x in F32. A BF16 cache is widened to F32.</summary>
    public const string Portable = "f32:fma-k,bf16:fma-k-x32";

    /// <summary>
    /// F32 weights as <see cref="Portable"/>. BF16 weights: x rounded to BF16, and for each pair of inputs vdpbf16ps, which takes
    /// denormals for zero and leaves none. Over a BF16 cache attention takes the same products, with queries and weights in BF16.
    /// </summary>
    public const string PairsBF16 = "f32:fma-k,bf16:vdpbf16ps-x16,fia-bf16:vdpbf16ps-q16-p16";

    /// <summary>
    /// F32 weights as <see cref="Portable"/>. BF16 weights: x rounded to BF16, and for each 32 inputs tdpbf16ps, which sums those at even
    /// and those at odd places, adds the two sums and then that to y; denormals and attention as in <see cref="PairsBF16"/>.
    /// </summary>
    public const string TilesBF16 = "f32:fma-k,bf16:tdpbf16ps-x16,fia-bf16:vdpbf16ps-q16-p16";
}
