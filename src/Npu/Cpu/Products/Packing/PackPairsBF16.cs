using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace AkkaCp.Npu.Cpu.Products.Packing;

/// <summary>
/// Rows of BF16 weights into a panel of pairs without a way through F32: a pair of inputs is one word, and 16 rows × 16 words are turned in
/// registers with 64 shuffles, so that every store fills a cache line. Row by row, each word of 4 bytes touches a line of its own.
/// </summary>
internal static unsafe class PackPairsBF16
{
    /// <summary>Rows that are packed at a time, and the words of one square.</summary>
    public const int Rows = 16;

    private const int Width = CpuPackedMatrix.PanelWidth;

    /// <summary>Whether this machine has the vectors; without them rows go one by one.</summary>
    public static bool IsSupported => Avx512F.IsSupported;

    /// <summary>panel[i][lane + r] = words i of row r, for 16 rows and <paramref name="words"/> words, a multiple of 16.</summary>
    /// <param name="rows">The first row.</param>
    /// <param name="stride">Words from a row to the next.</param>
    /// <param name="words">Words of each row.</param>
    /// <param name="panel">The first row of the panel, at the first lane of the 16.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Squares(uint* rows, nint stride, int words, uint* panel)
    {
        for (var i = 0; i < words; i += Rows, rows += Rows, panel += Rows * Width)
        {
            Four(rows, stride, out var a0, out var a1, out var a2, out var a3);
            Four(rows + (4 * stride), stride, out var b0, out var b1, out var b2, out var b3);
            Four(rows + (8 * stride), stride, out var c0, out var c1, out var c2, out var c3);
            Four(rows + (12 * stride), stride, out var d0, out var d1, out var d2, out var d3);
            Spread(a0, b0, c0, d0, panel);
            Spread(a1, b1, c1, d1, panel + Width);
            Spread(a2, b2, c2, d2, panel + (2 * Width));
            Spread(a3, b3, c3, d3, panel + (3 * Width));
        }

        // Such stores are not in order with others until a fence.
        Sse.StoreFence();
    }

    // Four rows: lane group g of part j holds word 4g + j of each.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Four(
        uint* rows, nint stride, out Vector512<uint> part0, out Vector512<uint> part1, out Vector512<uint> part2, out Vector512<uint> part3)
    {
        var (a, b) = (Vector512.Load(rows), Vector512.Load(rows + stride));
        var (c, d) = (Vector512.Load(rows + (2 * stride)), Vector512.Load(rows + (3 * stride)));
        var (ab, cd) = (Avx512F.UnpackLow(a, b).AsUInt64(), Avx512F.UnpackLow(c, d).AsUInt64());
        part0 = Avx512F.UnpackLow(ab, cd).AsUInt32();
        part1 = Avx512F.UnpackHigh(ab, cd).AsUInt32();
        (ab, cd) = (Avx512F.UnpackHigh(a, b).AsUInt64(), Avx512F.UnpackHigh(c, d).AsUInt64());
        part2 = Avx512F.UnpackLow(ab, cd).AsUInt32();
        part3 = Avx512F.UnpackHigh(ab, cd).AsUInt32();
    }

    // Part j of 16 rows, four from each argument: lane group g of all four is row 4g + j of the panel. The weights are read long after
    // they were written: the stores go around the caches.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Spread(Vector512<uint> a, Vector512<uint> b, Vector512<uint> c, Vector512<uint> d, uint* panel)
    {
        var (ab, cd) = (Avx512F.Shuffle4x128(a, b, 0x44), Avx512F.Shuffle4x128(c, d, 0x44));
        Avx512F.Shuffle4x128(ab, cd, 0x88).StoreAlignedNonTemporal(panel);
        Avx512F.Shuffle4x128(ab, cd, 0xDD).StoreAlignedNonTemporal(panel + (4 * Width));
        (ab, cd) = (Avx512F.Shuffle4x128(a, b, 0xEE), Avx512F.Shuffle4x128(c, d, 0xEE));
        Avx512F.Shuffle4x128(ab, cd, 0x88).StoreAlignedNonTemporal(panel + (8 * Width));
        Avx512F.Shuffle4x128(ab, cd, 0xDD).StoreAlignedNonTemporal(panel + (12 * Width));
    }
}
