namespace AkkaCp.Model.Gguf.Blocks;

/// <summary>
/// The K types: blocks of 256 values in groups of 16 or 32, each with a small integer scale and perhaps a minimum, over a half d and
/// perhaps a half dmin of the block. d · scale · q is exact in F32; minus dmin · minimum, which is exact too, it is rounded once.
/// </summary>
internal static class SuperBlocks
{
    /// <summary>Q2_K: d · low(scale) · q − dmin · high(scale), groups of 16.</summary>
    public static void Q2(ReadOnlySpan<byte> block, Span<float> values)
    {
        var scales = block[..16];
        var (d, dmin) = (SmallBlocks.Half(block[80..]), SmallBlocks.Half(block[82..]));
        for (var group = 0; group < 16; group++)
        {
            var (scale, minimum) = (d * (scales[group] & 15), dmin * (scales[group] >> 4));
            var bits = TwoBits(block.Slice(16, 64), group, out var shift);
            var ofGroup = values.Slice(group * 16, 16);
            for (var j = 0; j < ofGroup.Length; j++)
                ofGroup[j] = (scale * ((bits[j] >> shift) & 3)) - minimum;
        }
    }

    /// <summary>Q3_K: d · (scale − 32) · q, groups of 16; q has a third bit in a mask, where 0 means minus 4.</summary>
    public static void Q3(ReadOnlySpan<byte> block, Span<float> values)
    {
        var scales = block.Slice(96, 12);
        var d = SmallBlocks.Half(block[108..]);
        for (var group = 0; group < 16; group++)
        {
            var low = group < 8 ? scales[group] & 15 : scales[group - 8] >> 4;
            var high = (scales[8 + (group % 4)] >> (2 * (group / 4))) & 3;
            var scale = d * ((low | (high << 4)) - 32);
            var bits = TwoBits(block.Slice(32, 64), group, out var shift);
            var mask = block.Slice(16 * (group % 2), 16);
            var ofGroup = values.Slice(group * 16, 16);
            for (var j = 0; j < ofGroup.Length; j++)
                ofGroup[j] = scale * (((bits[j] >> shift) & 3) + (((mask[j] >> (group / 2)) & 1) << 2) - 4);
        }
    }

    /// <summary>Q4_K: d · scale · q − dmin · minimum, groups of 32.</summary>
    public static void Q4(ReadOnlySpan<byte> block, Span<float> values)
    {
        var nibbles = block[16..];
        for (var group = 0; group < 8; group++)
        {
            var (scale, minimum) = ScaleAndMinimum(block, group);
            for (var j = 0; j < 32; j++)
                values[(group * 32) + j] = (scale * Nibble(nibbles[(32 * (group / 2)) + j], group % 2)) - minimum;
        }
    }

    /// <summary>Q5_K: as Q4_K with a fifth bit, bit g of byte j in group g.</summary>
    public static void Q5(ReadOnlySpan<byte> block, Span<float> values)
    {
        var fifths = block.Slice(16, 32);
        var nibbles = block[48..];
        for (var group = 0; group < 8; group++)
        {
            var (scale, minimum) = ScaleAndMinimum(block, group);
            for (var j = 0; j < 32; j++)
            {
                var q = Nibble(nibbles[(32 * (group / 2)) + j], group % 2) | (((fifths[j] >> group) & 1) << 4);
                values[(group * 32) + j] = (scale * q) - minimum;
            }
        }
    }

    /// <summary>Q6_K: d · scale · (q − 32), groups of 16 with a signed byte as scale; eight groups share 64 bytes of low nibbles.</summary>
    public static void Q6(ReadOnlySpan<byte> block, Span<float> values)
    {
        var scales = block.Slice(192, 16);
        var d = SmallBlocks.Half(block[208..]);
        for (var group = 0; group < 16; group++)
        {
            var (half, eighth) = (group / 8, group % 8);
            var lows = block.Slice((64 * half) + (16 * (eighth % 4)), 16);
            var highs = block.Slice(128 + (32 * half) + (16 * (eighth % 2)), 16);
            var scale = d * (sbyte)scales[group];
            var ofGroup = values.Slice(group * 16, 16);
            for (var j = 0; j < ofGroup.Length; j++)
                ofGroup[j] = scale * ((((lows[j] >> (4 * (eighth / 4))) & 15) | (((highs[j] >> (2 * (eighth / 2))) & 3) << 4)) - 32);
        }
    }

    /// <summary>The low nibble of a byte for 0, the high one for 1.</summary>
    public static int Nibble(byte value, int which) => (value >> (4 * which)) & 15;

    /// <summary>The bytes that have two bits of each value of a group of 16, and by how much they are to be shifted.</summary>
    private static ReadOnlySpan<byte> TwoBits(ReadOnlySpan<byte> bits, int group, out int shift)
    {
        shift = 2 * (group / 2 % 4);
        return bits.Slice((32 * (group / 8)) + (16 * (group % 2)), 16);
    }

    /// <summary>Of Q4_K and Q5_K: d, dmin, and 12 bytes with six bits for each of eight scales and eight minima.</summary>
    private static (float Scale, float Minimum) ScaleAndMinimum(ReadOnlySpan<byte> block, int group)
    {
        var s = block.Slice(4, 12);
        var (scale, minimum) = group < 4
            ? (s[group] & 63, s[group + 4] & 63)
            : ((s[group + 4] & 15) | (s[group - 4] >> 6 << 4), (s[group + 4] >> 4) | (s[group] >> 6 << 4));
        return (SmallBlocks.Half(block) * scale, SmallBlocks.Half(block[2..]) * minimum);
    }
}
