using AkkaCp.Npu.Cpu.Assembled;
using AkkaCp.Npu.Cpu.Products.Packing;

namespace AkkaCp.Npu.Cpu.Products.Kernels;

/// <summary>
/// How assembled products are cut for the caches. Packed rows of a block stay in half of L2 while all panels go by: up to 1024 words
/// (4 KiB: 1024 F32 or 2048 BF16 inputs) of as many whole tiles as fit, 126 rows in tiles of 14 with 1 MiB; fewer of longer rows, so that
/// up to 2048 words are one pass, as each further pass reads and writes all of y. A panel's 128 or 256 KiB of the same pass are in the
/// other half from one tile to the next.
/// </summary>
internal sealed class AssembledBlocking
{
    /// <summary>Words of x in one pass over a full block.</summary>
    public const int BlockWords = 1024;

    /// <summary>Most words of a pass for which a block takes fewer rows.</summary>
    public const int LongWords = 2 * BlockWords;

    // Fewer rows leave a panel, read from memory once for each block, too little work; more than that gain nothing.
    private const int FewestRows = 4 * TileAssembler.MaxRows;
    private const int MostRows = 24 * TileAssembler.MaxRows;

    private readonly int _tileRows;

    /// <summary>Cuts for an L2 of <paramref name="l2Bytes"/> bytes and tiles of up to <paramref name="tileRows"/> rows.</summary>
    public AssembledBlocking(int l2Bytes, int tileRows)
    {
        _tileRows = tileRows;
        MaxRows = Math.Clamp(l2Bytes / 2 / RowBytes(BlockWords), FewestRows, MostRows) / tileRows * tileRows;
        PackedBytes = MaxRows * RowBytes(BlockWords);
    }

    /// <summary>Most rows of one block, whole tiles.</summary>
    public int MaxRows { get; }

    /// <summary>Bytes of packed rows in the scratch.</summary>
    public int PackedBytes { get; }

    /// <summary>Floats of the edge tile behind them: the tallest tile's sums; no tile of several panels has more.</summary>
    public int EdgeFloats => _tileRows * CpuPackedMatrix.PanelWidth;

    /// <summary>Floats of the zeros behind that, which sums without a bias begin with.</summary>
    public static int ZeroFloats => 4 * CpuPackedMatrix.PanelWidth;

    /// <summary>Floats of the whole scratch.</summary>
    public int ScratchFloats => (PackedBytes / sizeof(float)) + EdgeFloats + ZeroFloats;

    /// <summary>Bytes from one packed row to the next: an odd number of lines, so that a tile's rows lie in different cache sets.</summary>
    public static int RowBytes(int words) => ((((words * 4) + 63) / 64) | 1) * 64;

    /// <summary>Most rows of a block whose rows have <paramref name="words"/> words.</summary>
    public int RowsFor(int words)
    {
        var passes = (words + LongWords - 1) / LongWords;
        var fitting = PackedBytes / RowBytes((words + passes - 1) / passes) / _tileRows * _tileRows;
        return Math.Clamp(fitting, Math.Min(FewestRows / _tileRows * _tileRows, MaxRows), MaxRows);
    }

    /// <summary>Words of one pass over <paramref name="rows"/> rows of <paramref name="words"/> words: passes of about one length, as
    /// few as the scratch allows.</summary>
    public int WordsFor(int rows, int words)
    {
        var lines = PackedBytes / rows / 64;
        var most = (lines - ((lines + 1) % 2)) * 16;
        var passes = (words + most - 1) / most;
        return ((words + passes - 1) / passes + 15) / 16 * 16;
    }
}
