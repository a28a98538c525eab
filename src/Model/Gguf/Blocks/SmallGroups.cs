using System.Buffers.Binary;
using System.Runtime.Intrinsics;
using AkkaCp.Npu;

namespace AkkaCp.Model.Gguf.Blocks;

/// <summary>Blocks of 32 values, those of <see cref="SmallBlocks"/> and <see cref="TableBlocks"/>, taken apart: a byte for each code.
/// </summary>
internal static class SmallGroups
{
    private const int Values = 32;
    private const int Nibbles = 16;

    /// <summary>Q4_0 as <see cref="DType.Q4"/>, and IQ4_NL as <see cref="DType.IQ4"/>.</summary>
    public static void Q4Times(ReadOnlySpan<byte> blocks, in GroupRows groups)
    {
        const int bytes = 18;
        for (var i = 0; i < groups.Scales.Length; i++)
        {
            var block = blocks.Slice(i * bytes, bytes);
            groups.Scales[i] = BinaryPrimitives.ReadUInt16LittleEndian(block);
            NibblesOf(block[2..]).CopyTo(groups.Codes[(i * Values)..]);
        }
    }

    /// <summary>Q4_1 as <see cref="DType.Q4M"/>.</summary>
    public static void Q4Plus(ReadOnlySpan<byte> blocks, in GroupRows groups)
    {
        const int bytes = 20;
        for (var i = 0; i < groups.Scales.Length; i++)
        {
            var block = blocks.Slice(i * bytes, bytes);
            groups.Scales[i] = BinaryPrimitives.ReadUInt16LittleEndian(block);
            groups.Mins[i] = BinaryPrimitives.ReadUInt16LittleEndian(block[2..]);
            NibblesOf(block[4..]).CopyTo(groups.Codes[(i * Values)..]);
        }
    }

    /// <summary>Q5_0 as <see cref="DType.Q5"/>.</summary>
    public static void Q5Times(ReadOnlySpan<byte> blocks, in GroupRows groups)
    {
        const int bytes = 22;
        for (var i = 0; i < groups.Scales.Length; i++)
        {
            var block = blocks.Slice(i * bytes, bytes);
            groups.Scales[i] = BinaryPrimitives.ReadUInt16LittleEndian(block);
            FiveBitsOf(block[6..], block[2..]).CopyTo(groups.Codes[(i * Values)..]);
        }
    }

    /// <summary>Q5_1 as <see cref="DType.Q5M"/>.</summary>
    public static void Q5Plus(ReadOnlySpan<byte> blocks, in GroupRows groups)
    {
        const int bytes = 24;
        for (var i = 0; i < groups.Scales.Length; i++)
        {
            var block = blocks.Slice(i * bytes, bytes);
            groups.Scales[i] = BinaryPrimitives.ReadUInt16LittleEndian(block);
            groups.Mins[i] = BinaryPrimitives.ReadUInt16LittleEndian(block[2..]);
            FiveBitsOf(block[8..], block[4..]).CopyTo(groups.Codes[(i * Values)..]);
        }
    }

    /// <summary>Q8_0 as <see cref="DType.Q8"/>.</summary>
    public static void Q8Times(ReadOnlySpan<byte> blocks, in GroupRows groups)
    {
        const int bytes = 34;
        for (var i = 0; i < groups.Scales.Length; i++)
        {
            var block = blocks.Slice(i * bytes, bytes);
            groups.Scales[i] = BinaryPrimitives.ReadUInt16LittleEndian(block);
            Vector256.Create(block[2..]).CopyTo(groups.Codes[(i * Values)..]);
        }
    }

    /// <summary>MXFP4 as <see cref="DType.MX4"/>. A scale that binary16 has not becomes NaN, unless all values are 0.</summary>
    public static void Microscaled(ReadOnlySpan<byte> blocks, in GroupRows groups)
    {
        const int bytes = 17;
        for (var i = 0; i < groups.Scales.Length; i++)
        {
            var block = blocks.Slice(i * bytes, bytes);
            var codes = NibblesOf(block[1..]);

            // 0 and 8 stand for 0; all others have one of the three lower bits.
            var isZero = (codes & Vector256.Create((byte)7)) == Vector256<byte>.Zero;
            groups.Scales[i] = isZero ? (ushort)0 : PowerOfTwo(block[0] - 128);
            codes.CopyTo(groups.Codes[(i * Values)..]);
        }
    }

    /// <summary>The low nibbles of 16 bytes, then the high ones.</summary>
    public static Vector256<byte> NibblesOf(ReadOnlySpan<byte> bytes)
    {
        var both = Vector128.Create(bytes[..Nibbles]);
        return Vector256.Create(both, Vector128.ShiftRightLogical(both.AsUInt16(), 4).AsByte()) & Vector256.Create((byte)15);
    }

    private static ushort PowerOfTwo(int exponent) => BitConverter.HalfToUInt16Bits(
        exponent is >= -24 and <= 15 ? (Half)float.ScaleB(1, exponent) : Half.NaN);

    /// <summary>Nibbles with a fifth bit for each in a word.</summary>
    private static Vector256<byte> FiveBitsOf(ReadOnlySpan<byte> nibbles, ReadOnlySpan<byte> fifths) =>
        NibblesOf(nibbles) | (BytesOfBits(BinaryPrimitives.ReadUInt32LittleEndian(fifths)) & Vector256.Create((byte)16));

    /// <summary>Byte j has all bits set where bit j is.</summary>
    private static Vector256<byte> BytesOfBits(uint bits)
    {
        var places = Vector256.Create(0x8040_2010_0804_0201).AsByte();
        var spread = Vector256.Create(
            Vector128.Shuffle(
                Vector128.CreateScalar(bits).AsByte(), Vector128.Create((byte)0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1)),
            Vector128.Shuffle(
                Vector128.CreateScalar(bits).AsByte(), Vector128.Create((byte)2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3)));
        return Vector256.Equals(spread & places, places);
    }
}
