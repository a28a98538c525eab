using System.Runtime.Intrinsics;

namespace AkkaCp.Npu.Cpu.Products.Packing;

/// <summary>Codes of a panel as a byte each.</summary>
internal static unsafe class GroupCodes
{
    private const int Width = CpuPackedMatrix.PanelWidth;
    private const uint LowNibbles = 0x0F0F0F0F;

    /// <summary>codes[s][lane]: the unsigned codes of inputs 4s .. 4s+3 of a group of 32.</summary>
    public static void Spread(GroupLayout layout, byte* block, int group, uint* codes)
    {
        var words = (uint*)(block + (group * layout.CodeBytes));
        if (layout.Format.CodeBits == 8)
        {
            new ReadOnlySpan<uint>(words, 8 * Width).CopyTo(new Span<uint>(codes, 8 * Width));
            return;
        }

        for (var i = 0; i < 4 * Width; i++)
        {
            codes[i] = words[i] & LowNibbles;
            codes[i + (4 * Width)] = (words[i] >> 4) & LowNibbles;
        }

        if (layout.Table is { } table)
            LookUp(table, (byte*)codes);

        var plane = (uint*)(block + layout.PlaneStart + (group * layout.PlaneBytes));
        for (var s = 0; layout.PlaneBytes > 0 && s < 8; s++)
        {
            for (var lane = 0; lane < Width; lane++)
            {
                codes[(s * Width) + lane] |= layout.Format.CodeBits == 5
                    ? ((plane[lane] >> s) & 0x01010101) << 4
                    : ((plane[(s / 4 * Width) + lane] >> (2 * (s % 4))) & 0x03030303) << 4;
            }
        }
    }

    private static void LookUp(byte[] table, byte* codes)
    {
        var values = Vector128.Create(table);
        for (var i = 0; i < 32 * Width; i += Vector128<byte>.Count)
            Vector128.Shuffle(values, Vector128.Load(codes + i)).Store(codes + i);
    }
}
