using AkkaCp.Npu.Cpu.Assembled;
using AkkaCp.Npu.Cpu.Products.Packing;

namespace AkkaCp.Npu.Cpu.Products.Kernels;

/// <summary>Products with I8 weights on tiles assembled at run time, cut as <see cref="AssembledBlocking"/> says.</summary>
/// <param name="tiles">The tiles.</param>
/// <param name="blocking">How work is cut.</param>
/// <param name="isDot">Whether tiles multiply by vpdpbusd or tdpbusd, else by what <see cref="SplitX"/> is for.</param>
internal sealed unsafe class AssembledI8Kernels(ProductTiles tiles, AssembledBlocking blocking, bool isDot = true) : I8Kernels
{
    /// <inheritdoc/>
    public override bool SplitsX => !isDot;

    /// <summary>Whether one instruction adds the products of a word.</summary>
    public bool IsDot => isDot;

    /// <summary>The tiles.</summary>
    public ProductTiles Tiles => tiles;

    /// <inheritdoc/>
    public override int TileRows => tiles.MaxRows;

    /// <inheritdoc/>
    public override int MaxRows => blocking.MaxRows;

    /// <inheritdoc/>
    protected override int PanelsFor(int rows) => tiles.PanelsFor(rows);

    /// <inheritdoc/>
    protected override void RunTile(TileArguments* tile, int rows, bool alone) => tiles.Run(tile, rows, alone);
}
