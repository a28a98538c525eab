using AkkaCp.Npu.Cpu.Assembled;
using AkkaCp.Npu.Cpu.Products.Packing;

namespace AkkaCp.Npu.Cpu.Products.Kernels;

/// <summary>
/// bf16-avx512: products on tiles assembled at run time. F32 weights: the portable form's chain of fused multiply-adds, same bits.
/// BF16 weights: x is rounded to BF16 row by row, and pairs of inputs meet in vdpbf16ps with F32 sums.
/// </summary>
internal sealed class AssembledKernels(
    ProductTiles f32, ProductTiles bf16, Lazy<ProductTiles?> f8, IntegerKernels integers, AssembledBlocking blocking) : KernelVariant
{
    /// <summary>Its name.</summary>
    public const string VariantName = "bf16-avx512";

    /// <inheritdoc/>
    public override string Name => VariantName;

    /// <inheritdoc/>
    public override string Numerics => NumericsIds.PairsBF16;

    /// <inheritdoc/>
    public override BF16Packing BF16Packing => BF16Packing.Pairs;

    /// <inheritdoc/>
    public override int TileRows => TileAssembler.MaxRows;

    /// <inheritdoc/>
    public override int MaxRows => blocking.MaxRows;

    /// <inheritdoc/>
    public override int RowsFor(int k, DType weights) => blocking.RowsFor(Words(k, weights));

    /// <inheritdoc/>
    public override bool RoundsRows(DType weights) => weights == DType.BF16;

    /// <inheritdoc/>
    public override bool KeepsRows(int rows, int k, DType weights) => blocking.WordsFor(rows, Words(k, weights)) >= Words(k, weights);

    /// <inheritdoc/>
    public override int ScratchFloats => blocking.ScratchFloats;

    /// <inheritdoc/>
    public override int ScratchFloatsOfF8 => Math.Max(base.ScratchFloatsOfF8, blocking.ScratchFloats + AssembledF8Loop.WideFloats);

    /// <inheritdoc/>
    public override IntegerKernels Integers => integers;

    /// <inheritdoc/>
    public override ProductTiles PairTiles => bf16;

    /// <summary>The tiles for F32 weights.</summary>
    public ProductTiles F32Tiles => f32;

    /// <summary>The tiles for BF16 weights.</summary>
    public ProductTiles BF16Tiles => bf16;

    /// <summary>The tiles for F8 weights that are widened to BF16, assembled when they are first asked for; null where code finds no
    /// memory.</summary>
    public ProductTiles? F8Tiles => f8.Value;

    /// <inheritdoc/>
    public override void Compute(in MatMulBlock block, DType weights)
    {
        var pairs = weights == DType.BF16;
        new AssembledLoop(block, pairs ? bf16 : f32, blocking, pairs).Run();
    }

    /// <inheritdoc/>
    protected override void ComputeF8(in MatMulBlock block)
    {
        if (F8Tiles is { } tiles)
            new AssembledF8Loop(block, tiles, blocking).Run();
        else
            base.ComputeF8(block);
    }

    private static int Words(int k, DType weights) => weights == DType.BF16 ? (k + 1) / 2 : k;
}
