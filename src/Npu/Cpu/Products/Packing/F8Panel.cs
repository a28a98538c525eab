using System.Runtime.InteropServices;

namespace AkkaCp.Npu.Cpu.Products.Packing;

/// <summary>
/// A panel of F8 weights: the bytes where a BF16 panel of the same <see cref="BF16Packing"/> has its values, then the scales of the 32
/// outputs for each <see cref="DTypes.F8Inputs"/> inputs. A part of it is widened to BF16 when a product needs it; all e4m3 values are
/// BF16 values.
/// </summary>
internal static unsafe class F8Panel
{
    private const int Width = CpuPackedMatrix.PanelWidth;

    /// <summary>Bytes of the codes of a panel.</summary>
    public static nint CodeBytes(int k, BF16Packing packing) => (nint)(packing == BF16Packing.Pairs ? k + (k % 2) : k) * Width;

    /// <summary>Bytes of a panel.</summary>
    public static nint Bytes(int k, BF16Packing packing) => CodeBytes(k, packing) + ((nint)DType.F8.ScalesOf(k) * Width * sizeof(float));

    /// <summary>Puts a row of W into its lane.</summary>
    public static void PackRow(byte* panel, int lane, ReadOnlySpan<byte> row, ReadOnlySpan<float> scales, BF16Packing packing)
    {
        var target = packing == BF16Packing.Pairs ? panel + (2 * lane) : panel + (2 * (lane % (Width / 2))) + (lane / (Width / 2));
        var k = 0;
        if (packing == BF16Packing.Pairs)
        {
            var pairs = MemoryMarshal.Cast<byte, ushort>(row);
            for (; k < pairs.Length; k++, target += 2 * Width)
                *(ushort*)target = pairs[k];

            if (row.Length % 2 != 0)
                *(ushort*)target = row[^1];
        }
        else
        {
            for (; k < row.Length; k++, target += Width)
                *target = row[k];
        }

        var scaleOf = (float*)(panel + CodeBytes(row.Length, packing)) + lane;
        foreach (var scale in scales)
        {
            *scaleOf = scale;
            scaleOf += Width;
        }
    }
}
