namespace AkkaCp.Npu.Cpu.Variants;

/// <summary>Products with I8 weights on tiles of vpdpbusd assembled at run time, cut as <see cref="AssembledBlocking"/> says.</summary>
internal sealed unsafe class AssembledI8Kernels(TileCode tiles, AssembledBlocking blocking) : I8Kernels
{
    /// <summary>The tiles.</summary>
    public TileCode Tiles => tiles;

    /// <inheritdoc/>
    public override int TileRows => TileAssembler.MaxRows;

    /// <inheritdoc/>
    public override int MaxRows => blocking.MaxRows;

    /// <inheritdoc/>
    protected override int PanelsFor(int rows) => TileCode.PanelsFor(rows);

    /// <inheritdoc/>
    protected override void RunTile(TileArguments* tile, int rows, bool alone) => tiles[rows, alone](tile);
}
