namespace AkkaCp.Npu.Cpu.Variants;

/// <summary>
/// How assembled products are cut for the caches. Packed rows of a block stay in half of L2 while all panels go by: 1024 words
/// (4 KiB: 1024 F32 or 2048 BF16 inputs) of as many whole tiles of 14 rows as fit, 126 with 1 MiB. A panel's 128 KiB of the same
/// pass are in the other half from one tile to the next. Fewer, longer passes over K mean fewer reads and writes of y.
/// </summary>
internal sealed class AssembledBlocking
{
    /// <summary>Words of x in one pass over a full block.</summary>
    public const int BlockWords = 1024;

    // Fewer tiles leave a panel, read from memory once for each block, too little work; more than that gain nothing.
    private const int FewestTiles = 4;
    private const int MostTiles = 24;

    /// <summary>Cuts for an L2 of <paramref name="l2Bytes"/> bytes.</summary>
    public AssembledBlocking(int l2Bytes)
    {
        var tiles = l2Bytes / 2 / (RowBytes(BlockWords) * TileAssembler.MaxRows);
        MaxRows = Math.Clamp(tiles, FewestTiles, MostTiles) * TileAssembler.MaxRows;
        PackedBytes = MaxRows * RowBytes(BlockWords);
    }

    /// <summary>Most rows of one block.</summary>
    public int MaxRows { get; }

    /// <summary>Bytes of packed rows in the scratch.</summary>
    public int PackedBytes { get; }

    /// <summary>Floats of the edge tile behind them: 14 rows of a panel, 6 of two or 1 of four.</summary>
    public static int EdgeFloats => TileAssembler.MaxRows * CpuPackedMatrix.PanelWidth;

    /// <summary>Floats of the zeros behind that, which sums without a bias begin with.</summary>
    public static int ZeroFloats => 4 * CpuPackedMatrix.PanelWidth;

    /// <summary>Floats of the whole scratch.</summary>
    public int ScratchFloats => (PackedBytes / sizeof(float)) + EdgeFloats + ZeroFloats;

    /// <summary>Bytes from one packed row to the next: an odd number of lines, so that a tile's rows lie in different cache sets.</summary>
    public static int RowBytes(int words) => ((((words * 4) + 63) / 64) | 1) * 64;

    /// <summary>Words of one pass over <paramref name="rows"/> rows: all, when a single tile's rows fit the scratch.</summary>
    public int WordsFor(int rows) =>
        rows <= TileAssembler.MaxRows ? (PackedBytes / rows / 128 * 32) - 32 : BlockWords;
}
