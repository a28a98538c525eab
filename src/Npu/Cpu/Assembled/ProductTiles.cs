using AkkaCp.Npu.Cpu.Products.Kernels;

namespace AkkaCp.Npu.Cpu.Assembled;

/// <summary>
/// Tiles of one product: y[t, n] = start[t, n] ⊕ x[t, 0]·w[n, 0] ⊕ x[t, 1]·w[n, 1] … for a few rows t and the 32 outputs n of one or
/// several neighbouring panels, word by word. The loops around them are <see cref="AssembledLoop"/> and <see cref="I8Kernels"/>.
/// </summary>
internal abstract unsafe class ProductTiles
{
    /// <summary>Rows of the tallest tile.</summary>
    public abstract int MaxRows { get; }

    /// <summary>Bytes that a panel has for each word of x.</summary>
    public abstract int StepBytes { get; }

    /// <summary>Panels that a tile of <paramref name="rows"/> rows takes at once where it is its block's only one.</summary>
    public abstract int PanelsFor(int rows);

    /// <summary>Computes one tile.</summary>
    /// <param name="tile">What it works on.</param>
    /// <param name="rows">1 to <see cref="MaxRows"/>.</param>
    /// <param name="alone">True: the block's only tile, over <see cref="PanelsFor"/> panels; false: over one panel.</param>
    public abstract void Run(TileArguments* tile, int rows, bool alone);

    /// <summary>As <see cref="Run"/> over one panel. For a microsecond or less: where it can, it does without the transition that lets
    /// the runtime stop the thread meanwhile, which takes as long as some steps of a tile.</summary>
    /// <param name="tile">What it works on.</param>
    /// <param name="rows">1 to <see cref="MaxRows"/>.</param>
    public virtual void RunBriefly(TileArguments* tile, int rows) => Run(tile, rows, alone: false);
}
