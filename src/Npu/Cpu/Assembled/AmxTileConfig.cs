using System.Runtime.InteropServices;

namespace AkkaCp.Npu.Cpu.Assembled;

/// <summary>What ldtilecfg reads, palette 1 (Intel SDM volume 1, "Tile architecture"):
/// rows and bytes of a row of each tile register.</summary>
[StructLayout(LayoutKind.Sequential, Size = 64)]
internal unsafe struct AmxTileConfig
{
    /// <summary>Rows of a tile register at most.</summary>
    public const int MaxRows = 16;

    /// <summary>32-bit words of its rows at most.</summary>
    public const int MaxWords = 16;

    private const int RowBytes = MaxWords * 4;

    private byte _palette;
    private byte _startRow;
    private fixed byte _reserved[14];
    private fixed ushort _columnBytes[16];
    private fixed byte _rows[16];

    /// <summary>
    /// Shapes for products of up to 32 rows: sums in tmm0 and tmm1 (with few rows tmm2 and tmm3 too), those of rows from 16 on in tmm2 and
    /// tmm3; x in tmm4 and, from row 16 on, tmm5; weights in tmm6 and tmm7.
    /// </summary>
    /// <param name="rows">1 to 32.</param>
    /// <param name="words">Words of x in one step, 1 to 16.</param>
    public static AmxTileConfig Of(int rows, int words)
    {
        var config = default(AmxTileConfig);
        var upper = Math.Min(rows, MaxRows);
        var lower = rows > MaxRows ? rows - MaxRows : 0;
        config._palette = 1;
        config.Set(0, upper, RowBytes);
        config.Set(1, upper, RowBytes);
        config.Set(2, lower > 0 ? lower : upper, RowBytes);
        config.Set(3, lower > 0 ? lower : upper, RowBytes);
        config.Set(4, upper, 4 * words);
        if (lower > 0)
            config.Set(5, lower, 4 * words);

        config.Set(6, words, RowBytes);
        config.Set(7, words, RowBytes);
        return config;
    }

    private void Set(int tile, int rows, int columnBytes)
    {
        _rows[tile] = (byte)rows;
        _columnBytes[tile] = (ushort)columnBytes;
    }
}
