using AkkaCp.Npu.Cpu.Assembled;

namespace AkkaCp.Npu.Cpu.Products.Kernels;

/// <summary>Products with I8 weights on tiles assembled at run time, cut as <see cref="AssembledBlocking"/> says.</summary>
internal sealed unsafe class AssembledI8Kernels(ProductTiles tiles, AssembledBlocking blocking) : I8Kernels
{
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
