using System.Buffers.Binary;
using System.Runtime.Intrinsics;
using AkkaCp.Npu;

namespace AkkaCp.Model.Gguf.Blocks;

/// <summary>Blocks of <see cref="SuperBlocks"/>, taken apart into a byte for each code and each of the groups' scales.</summary>
internal static class SuperGroups
{
    private const int Values = 256;

    // Bytes of a vector.
    private const int Wide = 32;

    private static Vector256<byte> LowNibbles => Vector256.Create((byte)15);

    /// <summary>Q4_K as <see cref="DType.Q4K"/>.</summary>
    public static void Q4(ReadOnlySpan<byte> blocks, in GroupRows groups)
    {
        const int bytes = 144;
        for (var i = 0; i < groups.Scales.Length; i++)
        {
            var block = blocks.Slice(i * bytes, bytes);
            ScalesAndMinimums(block, i, groups);
            var nibbles = block[16..];
            var codes = groups.Codes.Slice(i * Values, Values);
            for (var pair = 0; pair < Values / 2; pair += Wide)
            {
                var both = Vector256.Create(nibbles[pair..]);
                (both & LowNibbles).CopyTo(codes[(2 * pair)..]);
                (Shifted(both, 4) & LowNibbles).CopyTo(codes[((2 * pair) + Wide)..]);
            }
        }
    }

    /// <summary>Q5_K as <see cref="DType.Q5K"/>.</summary>
    public static void Q5(ReadOnlySpan<byte> blocks, in GroupRows groups)
    {
        const int bytes = 176;
        for (var i = 0; i < groups.Scales.Length; i++)
        {
            var block = blocks.Slice(i * bytes, bytes);
            ScalesAndMinimums(block, i, groups);
            var nibbles = block[48..];
            var codes = groups.Codes.Slice(i * Values, Values);

            // Bit 2p has the fifth bits of the low nibbles of 32 bytes, bit 2p + 1 those of the high ones.
            var fifths = Vector256.Create(block[16..]);
            for (var pair = 0; pair < Values / 2; pair += Wide)
            {
                var both = Vector256.Create(nibbles[pair..]);
                var (low, high) = (fifths & Vector256.Create((byte)1), fifths & Vector256.Create((byte)2));
                ((both & LowNibbles) | Vector256.ShiftLeft(low.AsUInt16(), 4).AsByte()).CopyTo(codes[(2 * pair)..]);
                ((Shifted(both, 4) & LowNibbles) | Vector256.ShiftLeft(high.AsUInt16(), 3).AsByte()).CopyTo(codes[((2 * pair) + Wide)..]);
                fifths = Shifted(fifths, 2);
            }
        }
    }

    /// <summary>Q6_K as <see cref="DType.Q6K"/>.</summary>
    public static void Q6(ReadOnlySpan<byte> blocks, in GroupRows groups)
    {
        const int bytes = 210;
        for (var i = 0; i < groups.Scales.Length; i++)
        {
            var block = blocks.Slice(i * bytes, bytes);
            groups.Scales[i] = BinaryPrimitives.ReadUInt16LittleEndian(block[208..]);
            Vector128.Create(block[192..]).CopyTo(groups.GroupScales[(i * 16)..]);
            Q6Half(block[..64], block.Slice(128, Wide), groups.Codes.Slice(i * Values, Values / 2));
            Q6Half(block.Slice(64, 64), block.Slice(160, Wide), groups.Codes.Slice((i * Values) + (Values / 2), Values / 2));
        }
    }

    /// <summary>Q2_K as <see cref="DType.Q2K"/>.</summary>
    public static void Q2(ReadOnlySpan<byte> blocks, in GroupRows groups)
    {
        const int bytes = 84;
        for (var i = 0; i < groups.Scales.Length; i++)
        {
            var block = blocks.Slice(i * bytes, bytes);
            groups.Scales[i] = BinaryPrimitives.ReadUInt16LittleEndian(block[80..]);
            groups.Mins[i] = BinaryPrimitives.ReadUInt16LittleEndian(block[82..]);
            var both = Vector128.Create(block[..16]);
            (both & Vector128.Create((byte)15)).CopyTo(groups.GroupScales[(i * 16)..]);
            (Vector128.ShiftRightLogical(both.AsUInt16(), 4).AsByte() & Vector128.Create((byte)15)).CopyTo(groups.GroupMins[(i * 16)..]);
            for (var half = 0; half < 2; half++)
            {
                var bits = Vector256.Create(block[(16 + (half * Wide))..]);
                var codes = groups.Codes.Slice((i * Values) + (half * Values / 2), Values / 2);
                for (var quarter = 0; quarter < 4; quarter++, bits = Shifted(bits, 2))
                    (bits & Vector256.Create((byte)3)).CopyTo(codes[(quarter * Wide)..]);
            }
        }
    }

    /// <summary>Q3_K as <see cref="DType.Q3K"/>: a third bit in a mask.</summary>
    public static void Q3(ReadOnlySpan<byte> blocks, in GroupRows groups)
    {
        const int bytes = 110;
        for (var i = 0; i < groups.Scales.Length; i++)
        {
            var block = blocks.Slice(i * bytes, bytes);
            groups.Scales[i] = BinaryPrimitives.ReadUInt16LittleEndian(block[108..]);
            SignedScales(block[96..]).CopyTo(groups.GroupScales[(i * 16)..]);
            var thirds = Vector256.Create(block);
            for (var half = 0; half < 2; half++)
            {
                var bits = Vector256.Create(block[(Wide + (half * Wide))..]);
                var codes = groups.Codes.Slice((i * Values) + (half * Values / 2), Values / 2);
                for (var quarter = 0; quarter < 4; quarter++, bits = Shifted(bits, 2), thirds = Shifted(thirds, 1))
                {
                    var third = Vector256.ShiftLeft((thirds & Vector256.Create((byte)1)).AsUInt16(), 2).AsByte();
                    ((bits & Vector256.Create((byte)3)) | third).CopyTo(codes[(quarter * Wide)..]);
                }
            }
        }
    }

    /// <summary>IQ4_XS as <see cref="DType.IQ4K"/>.</summary>
    public static void Nonlinear(ReadOnlySpan<byte> blocks, in GroupRows groups)
    {
        const int bytes = 136;
        for (var i = 0; i < groups.Scales.Length; i++)
        {
            var block = blocks.Slice(i * bytes, bytes);
            groups.Scales[i] = BinaryPrimitives.ReadUInt16LittleEndian(block);
            var highs = BinaryPrimitives.ReadUInt16LittleEndian(block[2..]);
            for (var group = 0; group < 8; group++)
            {
                var scale = SuperBlocks.Nibble(block[4 + (group / 2)], group % 2) | (((highs >> (2 * group)) & 3) << 4);
                groups.GroupScales[(i * 8) + group] = (byte)(scale - 32);
                SmallGroups.NibblesOf(block[(8 + (group * 16))..]).CopyTo(groups.Codes[((i * Values) + (group * Wide))..]);
            }
        }
    }

    private static void Q6Half(ReadOnlySpan<byte> lows, ReadOnlySpan<byte> highs, Span<byte> codes)
    {
        var high = Vector256.Create(highs);
        var bits = Vector256.Create((byte)0x30);
        var (first, second) = (Vector256.Create(lows), Vector256.Create(lows[Wide..]));
        ((first & LowNibbles) | (Vector256.ShiftLeft(high.AsUInt16(), 4).AsByte() & bits)).CopyTo(codes);
        ((second & LowNibbles) | (Vector256.ShiftLeft(high.AsUInt16(), 2).AsByte() & bits)).CopyTo(codes[Wide..]);
        ((Shifted(first, 4) & LowNibbles) | (high & bits)).CopyTo(codes[(2 * Wide)..]);
        ((Shifted(second, 4) & LowNibbles) | (Shifted(high, 2) & bits)).CopyTo(codes[(3 * Wide)..]);
    }

    /// <summary>Of Q4_K and Q5_K: d, dmin, and six bits for each of eight scales and eight minimums, four of them at a time.</summary>
    private static void ScalesAndMinimums(ReadOnlySpan<byte> block, int i, in GroupRows groups)
    {
        const uint sixBits = 0x3F3F_3F3F;
        const uint fourBits = 0x0F0F_0F0F;
        const uint upperTwo = 0x3030_3030;
        groups.Scales[i] = BinaryPrimitives.ReadUInt16LittleEndian(block);
        groups.Mins[i] = BinaryPrimitives.ReadUInt16LittleEndian(block[2..]);
        var scales = BinaryPrimitives.ReadUInt32LittleEndian(block[4..]);
        var mins = BinaryPrimitives.ReadUInt32LittleEndian(block[8..]);
        var rest = BinaryPrimitives.ReadUInt32LittleEndian(block[12..]);
        var scalesOut = groups.GroupScales.Slice(i * 8, 8);
        var minsOut = groups.GroupMins.Slice(i * 8, 8);
        BinaryPrimitives.WriteUInt32LittleEndian(scalesOut, scales & sixBits);
        BinaryPrimitives.WriteUInt32LittleEndian(scalesOut[4..], (rest & fourBits) | ((scales >> 2) & upperTwo));
        BinaryPrimitives.WriteUInt32LittleEndian(minsOut, mins & sixBits);
        BinaryPrimitives.WriteUInt32LittleEndian(minsOut[4..], ((rest >> 4) & fourBits) | ((mins >> 2) & upperTwo));
    }

    /// <summary>Of Q3_K: six bits for each of 16 scales, less 32; four bits lie in the nibbles of eight bytes, two in four bytes.</summary>
    private static Vector128<byte> SignedScales(ReadOnlySpan<byte> bytes)
    {
        var (low, high) = (BinaryPrimitives.ReadUInt64LittleEndian(bytes), BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]));
        var fours = Vector128.Create(low, low >> 4).AsByte() & Vector128.Create((byte)15);
        var twos = Vector128.Create(high, high >> 2, high >> 4, high >> 6).AsByte() & Vector128.Create((byte)3);
        return (fours | Vector128.ShiftLeft(twos.AsUInt16(), 4).AsByte()) - Vector128.Create((byte)32);
    }

    /// <summary>Bytes shifted down; what comes down from the byte above is for the caller to mask.</summary>
    private static Vector256<byte> Shifted(Vector256<byte> bytes, int count) =>
        Vector256.ShiftRightLogical(bytes.AsUInt16(), count).AsByte();
}
