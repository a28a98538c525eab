using AkkaCp.Npu.Cpu.Assembled;
using AkkaCp.Npu.Cpu.Products.Packing;

namespace AkkaCp.Npu.Cpu.Products.Kernels;

/// <summary>
/// avx2: products on 256-bit tiles assembled at run time, the portable form's chain of fused multiply-adds and so its bits: F32 weights,
/// and BF16 weights widened to F32 with x in F32. I8 weights meet vpdpbusd where there is AVX-VNNI, else vpmaddubsw, as codes do.
/// </summary>
internal sealed class Avx2Kernels(
    ProductTiles f32, ProductTiles bf16, IntegerKernels integers, ICodeMemory memory, AssembledBlocking blocking) : KernelVariant
{
    /// <summary>Its name.</summary>
    public const string VariantName = "avx2";

    // Assembled by the first attention call, since every process on x86 makes this variant, and few run on it.
    private readonly Lazy<LaneCode?> _lanes = new(() => LaneCode.TryAssemble(memory, out var lanes, out _) ? lanes : null);

    /// <inheritdoc/>
    public override string Name => VariantName;

    /// <inheritdoc/>
    public override string Numerics => NumericsIds.Portable;

    /// <inheritdoc/>
    public override BF16Packing BF16Packing => BF16Packing.Halves;

    /// <inheritdoc/>
    public override int TileRows => f32.MaxRows;

    /// <inheritdoc/>
    public override int MaxRows => blocking.MaxRows;

    /// <inheritdoc/>
    public override int RowsFor(int k, DType weights) => blocking.RowsFor(k);

    /// <inheritdoc/>
    public override bool KeepsRows(int rows, int k, DType weights) => blocking.WordsFor(rows, k) >= k;

    /// <inheritdoc/>
    public override int ScratchFloats => blocking.ScratchFloats;

    /// <inheritdoc/>
    public override IntegerKernels Integers => integers;

    /// <inheritdoc/>
    public override ProductTiles FloatTiles => f32;

    /// <inheritdoc/>
    public override LaneCode? Lanes => _lanes.Value;

    /// <summary>The tiles for F32 weights.</summary>
    public ProductTiles F32Tiles => f32;

    /// <summary>The tiles for BF16 weights.</summary>
    public ProductTiles BF16Tiles => bf16;

    /// <inheritdoc/>
    public override void Compute(in MatMulBlock block, DType weights) =>
        new AssembledLoop(block, weights == DType.BF16 ? bf16 : f32, blocking, pairs: false).Run();
}
