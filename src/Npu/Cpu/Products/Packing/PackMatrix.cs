using AkkaCp.Npu.Cpu.Simd;

namespace AkkaCp.Npu.Cpu.Products.Packing;

/// <summary>Copies rows of W into panels of 32 outputs (see <see cref="CpuPackedMatrix"/>). k counts inputs.</summary>
internal static unsafe class PackMatrix
{
    private const int Width = CpuPackedMatrix.PanelWidth;

    /// <summary>panel[k][lane] = row[k].</summary>
    public static void RowF32(float* panel, int lane, float* row, int count)
    {
        var target = panel + lane;
        for (var k = 0; k < count; k++, target += Width)
            *target = row[k];
    }

    /// <summary>panel[k][word lane mod 16, half lane / 16] = BF16(row[k]).</summary>
    public static void RowBF16(ushort* panel, int lane, float* row, int count)
    {
        var target = panel + (2 * (lane % (Width / 2))) + (lane / (Width / 2));
        for (var k = 0; k < count; k++, target += Width)
            *target = BF16.FromSingle(row[k]);
    }

    /// <summary>panel[k / 2][word lane, half k mod 2] = BF16(row[k]); an odd count leaves the last upper half zero.</summary>
    public static void RowPairsBF16(uint* panel, int lane, float* row, int count)
    {
        var target = panel + lane;
        var k = 0;
        for (; k < count - 1; k += 2, target += Width)
            *target = BF16.FromSingle(row[k]) | ((uint)BF16.FromSingle(row[k + 1]) << 16);

        if (k < count)
            *target = BF16.FromSingle(row[k]);
    }
}
