using System.Buffers.Binary;

namespace AkkaCp.Model.Gguf.Blocks;

/// <summary>Blocks whose nibbles are places in a table of 16 values; nibbles lie as in <see cref="SmallBlocks"/>.</summary>
internal static class TableBlocks
{
    private const int Nibbles = 16;

    private static ReadOnlySpan<sbyte> NonlinearTable => [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

    // Twice the values of a 4-bit float with two exponent bits; its minus zero is 0, as in ggml.
    private static ReadOnlySpan<sbyte> FloatTable => [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12];

    /// <summary>IQ4_NL: d · T[q].</summary>
    public static void Nonlinear(ReadOnlySpan<byte> block, Span<float> values) =>
        Nonlinear(SmallBlocks.Half(block), block.Slice(2, Nibbles), values);

    /// <summary>IQ4_XS: 256 values in groups of 32; d · (scale − 32) · T[q].</summary>
    public static void NonlinearSuper(ReadOnlySpan<byte> block, Span<float> values)
    {
        var d = SmallBlocks.Half(block);
        var highs = BinaryPrimitives.ReadUInt16LittleEndian(block[2..]);
        for (var group = 0; group < 8; group++)
        {
            var low = SuperBlocks.Nibble(block[4 + (group / 2)], group % 2);
            var scale = low | (((highs >> (2 * group)) & 3) << 4);
            Nonlinear(d * (scale - 32), block.Slice(8 + (group * Nibbles), Nibbles), values.Slice(group * 32, 32));
        }
    }

    /// <summary>MXFP4: 2^(e − 128) · F[q]; e of 0 and 1 are subnormal powers, not zero.</summary>
    public static void Microscaled(ReadOnlySpan<byte> block, Span<float> values)
    {
        var scale = BitConverter.UInt32BitsToSingle(block[0] < 2 ? 0x0020_0000u << block[0] : (block[0] - 1u) << 23);
        for (var j = 0; j < Nibbles; j++)
        {
            values[j] = scale * FloatTable[block[1 + j] & 15];
            values[j + Nibbles] = scale * FloatTable[block[1 + j] >> 4];
        }
    }

    private static void Nonlinear(float scale, ReadOnlySpan<byte> nibbles, Span<float> values)
    {
        for (var j = 0; j < Nibbles; j++)
        {
            values[j] = scale * NonlinearTable[nibbles[j] & 15];
            values[j + Nibbles] = scale * NonlinearTable[nibbles[j] >> 4];
        }
    }
}
