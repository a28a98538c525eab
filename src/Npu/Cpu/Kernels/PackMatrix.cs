namespace AkkaCp.Npu.Cpu.Kernels;

/// <summary>Copies rows of W into panels [K][32] (see <see cref="CpuPackedMatrix"/>). k counts inputs.</summary>
internal static unsafe class PackMatrix
{
    private const int Width = CpuPackedMatrix.PanelWidth;

    /// <summary>panel[k][lane] = row[k].</summary>
    public static void RowF32(float* panel, int lane, float* row, int count)
    {
        var target = panel + lane;
        for (var k = 0; k < count; k++, target += Width)
        {
            *target = row[k];
        }
    }

    /// <summary>panel[k][word lane mod 16, half lane / 16] = BF16(row[k]).</summary>
    public static void RowBF16(ushort* panel, int lane, float* row, int count)
    {
        var target = panel + (2 * (lane % (Width / 2))) + (lane / (Width / 2));
        for (var k = 0; k < count; k++, target += Width)
        {
            *target = BF16.FromSingle(row[k]);
        }
    }
}
