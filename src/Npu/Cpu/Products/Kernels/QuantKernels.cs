namespace AkkaCp.Npu.Cpu.Products.Kernels;

/// <summary>
/// Products with quantised weights of one type: the loops around the tiles of one form. Integer sums are exact and floats are added in
/// one order, so that all forms, tiles and cuts give the same bits.
/// </summary>
internal abstract class QuantKernels
{
    /// <summary>Rows of the tallest tile; blocks are cut into whole ones.</summary>
    public abstract int TileRows { get; }

    /// <summary>Most rows of one block with <paramref name="k"/> inputs.</summary>
    public abstract int RowsFor(int k);

    /// <summary>y = x·Wᵀ (+ bias) of one block.</summary>
    public abstract void Compute(in QuantBlock block);
}
