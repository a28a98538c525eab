using AkkaCp.Npu.Cpu.Assembled;
using AkkaCp.Npu.Cpu.Products.Packing;

namespace AkkaCp.Npu.Cpu.Products.Kernels;

/// <summary>
/// amx: products with BF16 and I8 weights on AMX tiles, everything else as <see cref="AssembledKernels"/>, whose panels these are too.
/// One row and thousands go through the same instruction, so that a row's bits do not depend on how many there are.
/// </summary>
internal sealed unsafe class AmxKernels : KernelVariant
{
    /// <summary>Its name.</summary>
    public const string VariantName = "amx";

    private readonly AssembledKernels _vectors;
    private readonly ProductTiles _bf16;
    private readonly AssembledBlocking _blocking;

    /// <summary>Joins AMX tiles with what runs on vectors.</summary>
    /// <param name="vectors">Products with F32 weights, and all operators that are no products.</param>
    /// <param name="bf16">Tiles for BF16 weights.</param>
    /// <param name="i8">Tiles for I8 weights.</param>
    /// <param name="l2Bytes">Bytes of a core's L2.</param>
    public AmxKernels(AssembledKernels vectors, ProductTiles bf16, ProductTiles i8, int l2Bytes)
    {
        (_vectors, _bf16) = (vectors, bf16);
        _blocking = new AssembledBlocking(l2Bytes, AmxTiles.MostRows);
        Integers = new IntegerKernels(new AssembledI8Kernels(i8, _blocking), vectors.Integers.Groups);

        // Blocks must suit both: whole AMX tiles, and no more rows than the vectors' scratch holds.
        MaxRows = Math.Min(_blocking.MaxRows, vectors.MaxRows / AmxTiles.MostRows * AmxTiles.MostRows);
    }

    /// <inheritdoc/>
    public override string Name => VariantName;

    /// <inheritdoc/>
    public override string Numerics => NumericsIds.TilesBF16;

    /// <inheritdoc/>
    public override BF16Packing BF16Packing => _vectors.BF16Packing;

    /// <inheritdoc/>
    public override int TileRows => AmxTiles.MostRows;

    /// <inheritdoc/>
    public override int MaxRows { get; }

    /// <inheritdoc/>
    public override bool RoundsRows(DType weights) => weights == DType.BF16;

    /// <inheritdoc/>
    public override bool KeepsRows(int rows, int k, DType weights) =>
        weights == DType.F32 ? _vectors.KeepsRows(rows, k, weights) : _blocking.WordsFor(rows, (k + 1) / 2) >= (k + 1) / 2;

    /// <summary>The vectors' scratch, then the tiles': each keeps its zeros.</summary>
    public override int ScratchFloats => _vectors.ScratchFloats + _blocking.ScratchFloats;

    /// <inheritdoc/>
    public override IntegerKernels Integers { get; }

    /// <inheritdoc/>
    public override ProductTiles PairTiles => _vectors.PairTiles;

    /// <inheritdoc/>
    public override void Compute(in MatMulBlock block, DType weights)
    {
        if (weights == DType.F32)
        {
            _vectors.Compute(block, weights);
            return;
        }

        var tiles = block;
        tiles.Scratch += _vectors.ScratchFloats;
        new AssembledLoop(tiles, _bf16, _blocking, pairs: true).Run();
    }
}
