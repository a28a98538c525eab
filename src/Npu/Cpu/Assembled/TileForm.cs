using AkkaCp.Npu.Cpu.Products.Packing;

namespace AkkaCp.Npu.Cpu.Assembled;

/// <summary>What <see cref="TileCode"/> assembles: tiles of 1 to <paramref name="MaxRows"/> rows.</summary>
/// <param name="MaxRows">Rows of the tallest tile.</param>
/// <param name="StepBytes">Bytes that a panel has for each word of x.</param>
/// <param name="PanelsFor">Panels that a tile of so many rows takes where it is its block's only one.</param>
/// <param name="Assemble">Machine code of a tile of so many rows and panels, which is its block's only one or not.</param>
internal sealed record TileForm(int MaxRows, int StepBytes, Func<int, int> PanelsFor, Func<int, int, bool, byte[]> Assemble)
{
    /// <summary>The tiles of <see cref="YmmTileAssembler"/>.</summary>
    public static TileForm Ymm(WordProduct product) => new(
        YmmTileAssembler.MaxRows, YmmTileAssembler.StepBytesOf(product), YmmTileAssembler.PanelsFor,
        (rows, panels, alone) => YmmTileAssembler.Assemble(product, rows, panels, alone));

    /// <summary>The tiles of <see cref="GroupTileAssembler"/>.</summary>
    public static TileForm GroupZmm(GroupLayout layout) => new(
        GroupRegisters.MaxRows, layout.BlockBytes, _ => 1, (rows, _, alone) => GroupTileAssembler.Assemble(layout, rows, alone));

    /// <summary>The tiles of <see cref="YmmI8TileAssembler"/>.</summary>
    public static TileForm I8Ymm() => new(
        YmmI8TileAssembler.MaxRows, YmmI8TileAssembler.StepBytes, _ => 1, (rows, _, alone) => YmmI8TileAssembler.Assemble(rows, alone));

    /// <summary>The tiles of <see cref="YmmGroupTileAssembler"/>.</summary>
    public static TileForm GroupYmm(GroupLayout layout) => new(
        YmmGroupTileAssembler.MaxRowsOf(layout), layout.BlockBytes, _ => 1,
        (rows, _, alone) => YmmGroupTileAssembler.Assemble(layout, rows, alone));

    /// <summary>The tiles of <see cref="TileAssembler"/>.</summary>
    public static TileForm Zmm(WordProduct product) => new(
        TileAssembler.MaxRows, TileAssembler.StepBytes, rows => TileAssembler.PanelsFor(product, rows),
        (rows, panels, alone) => TileAssembler.Assemble(product, rows, panels, alone));
}
