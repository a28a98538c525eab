using System.Buffers.Binary;
using System.Runtime.Intrinsics;
using AkkaCp.Npu;

namespace AkkaCp.Model.Gguf.Blocks;

/// <summary>The blocks of <see cref="SmallBlocks"/>, taken apart into a byte for each code.</summary>
internal static class SmallGroups
{
    private const int Values = 32;
    private const int Nibbles = 16;

    /// <summary>Q4_0 as <see cref="DType.Q4"/>.</summary>
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

    /// <summary>Q5_0 as <see cref="DType.Q8"/>: q − 16.</summary>
    public static void Q5Times(ReadOnlySpan<byte> blocks, in GroupRows groups)
    {
        const int bytes = 22;
        for (var i = 0; i < groups.Scales.Length; i++)
        {
            var block = blocks.Slice(i * bytes, bytes);
            groups.Scales[i] = BinaryPrimitives.ReadUInt16LittleEndian(block);
            var fifths = BytesOfBits(BinaryPrimitives.ReadUInt32LittleEndian(block[2..])) & Vector256.Create((byte)16);
            ((NibblesOf(block[6..]) | fifths) - Vector256.Create((byte)16)).CopyTo(groups.Codes[(i * Values)..]);
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

    /// <summary>The low nibbles of 16 bytes, then the high ones.</summary>
    private static Vector256<byte> NibblesOf(ReadOnlySpan<byte> bytes)
    {
        var both = Vector128.Create(bytes[..Nibbles]);
        return Vector256.Create(both, Vector128.ShiftRightLogical(both.AsUInt16(), 4).AsByte()) & Vector256.Create((byte)15);
    }

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
