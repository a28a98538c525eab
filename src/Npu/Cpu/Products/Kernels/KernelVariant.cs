using AkkaCp.Npu.Cpu.Assembled;
using AkkaCp.Npu.Cpu.Products.Packing;

namespace AkkaCp.Npu.Cpu.Products.Kernels;

/// <summary>
/// One form of the product kernels. Within a variant an element of y sees one chain of operations with k rising, whatever the
/// number of rows, the tile, the block and the split over threads; between variants only the same <see cref="Numerics"/> promise
/// the same bits.
/// </summary>
internal abstract class KernelVariant
{
    /// <summary>The word that AKKACP_KERNELS takes.</summary>
    public abstract string Name { get; }

    /// <summary>Id of the arithmetic.</summary>
    public abstract string Numerics { get; }

    /// <summary>How BF16 weights lie in a panel.</summary>
    public abstract BF16Packing BF16Packing { get; }

    /// <summary>Rows of the tallest tile; blocks are cut into whole ones.</summary>
    public abstract int TileRows { get; }

    /// <summary>Most rows of one block.</summary>
    public abstract int MaxRows { get; }

    /// <summary>Most rows of a block with <paramref name="k"/> inputs, at most <see cref="MaxRows"/>.</summary>
    public virtual int RowsFor(int k, DType weights) => MaxRows;

    /// <summary>True when x is rounded to BF16 for these weights, so that rows may come rounded
    /// (<see cref="MatMulBlock.Rounded"/>).</summary>
    public virtual bool RoundsRows(DType weights) => false;

    /// <summary>True when such a block leaves all of its rows packed (<see cref="MatMulBlock.RowsPacked"/>).</summary>
    public abstract bool KeepsRows(int rows, int k, DType weights);

    /// <summary>Floats of scratch that each worker brings, zeroed once.</summary>
    public abstract int ScratchFloats { get; }

    /// <summary>As many for products with F8 weights.</summary>
    public virtual int ScratchFloatsOfF8 => F8Loop.ScratchFloats(this);

    /// <summary>The products with quantised weights.</summary>
    public abstract IntegerKernels Integers { get; }

    /// <summary>Tiles of vdpbf16ps that attention over a BF16 cache runs on; null where it widens keys and values to F32.</summary>
    public virtual ProductTiles? PairTiles => null;

    /// <summary>Tiles of fused multiply-adds that attention runs on else; null where it is all C#.</summary>
    public virtual ProductTiles? FloatTiles => null;

    /// <summary>Attention of few rows that see the same keys, beside <see cref="FloatTiles"/>; null where those do it.</summary>
    public virtual LaneCode? Lanes => null;

    /// <summary>y = x·Wᵀ (+ bias) of one block with F32, BF16 or F8 weights.</summary>
    /// <param name="block">At most <see cref="MaxRows"/> rows; panels in this variant's layout; scratch of a product.</param>
    /// <param name="weights">Type of the panels.</param>
    public void Multiply(in MatMulBlock block, DType weights)
    {
        if (weights == DType.F8)
            ComputeF8(block);
        else
            Compute(block, weights);
    }

    /// <summary>y = x·Wᵀ (+ bias) of one block with F32 or BF16 weights, on <see cref="ScratchFloats"/>.</summary>
    /// <param name="block">At most <see cref="MaxRows"/> rows; panels in this variant's layout.</param>
    /// <param name="weights">Type of the panels.</param>
    public abstract void Compute(in MatMulBlock block, DType weights);

    /// <summary>The same with F8 weights, on <see cref="ScratchFloatsOfF8"/>.</summary>
    protected virtual void ComputeF8(in MatMulBlock block) => new F8Loop(this, block).Run();
}
