using AkkaCp.Npu.Cpu.Products.Packing;

namespace AkkaCp.Npu.Cpu.Products.Kernels;

/// <summary>How the portable products cut a <see cref="MatMulBlock"/>, and the scratch that takes.</summary>
internal static class MatMul
{
    /// <summary>Most rows of one block.</summary>
    public const int MaxRows = 144;

    /// <summary>
    /// Inputs of one pass. A pass' rows (144 × 768 × 4 B = 432 KiB) stay in L2 of 1 MiB while the panels go by, two of which
    /// (768 × 32 × 4 B = 96 KiB each, BF16 half) fit beside them; tiles stream from there. Shorter passes keep a panel in L1,
    /// yet measured slower (320: 72 %, 512: 81 %, 768: 88 % of the FMA limit at 2048³), as each pass reads and writes all of y.
    /// </summary>
    public const int BlockK = 768;

    /// <summary>Floats of packed rows in the scratch.</summary>
    public const int PackedFloats = MaxRows * BlockK;

    /// <summary>Floats of the edge tile behind them: 12 rows of a panel, or one row of four panels.</summary>
    public const int EdgeFloats = 12 * CpuPackedMatrix.PanelWidth;

    /// <summary>Floats of the zeros behind that, which sums without a bias begin with. Nobody writes them.</summary>
    public const int ZeroFloats = 4 * CpuPackedMatrix.PanelWidth;

    // Rows of the tallest tile.
    private const int Tall = 12;

    /// <summary>Inputs of one pass over so many rows. Few rows read every weight once from memory: the longer a stretch of one panel,
    /// the better it is prefetched.</summary>
    public static int StepFor(int rows) => rows <= Tall ? PackedFloats / Tall : BlockK;

    /// <summary>Floats of scratch that each worker brings, zeroed once.</summary>
    public const int ScratchFloats = PackedFloats + EdgeFloats + ZeroFloats;
}
