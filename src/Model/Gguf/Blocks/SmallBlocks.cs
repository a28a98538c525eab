using System.Buffers.Binary;

namespace AkkaCp.Model.Gguf.Blocks;

/// <summary>
/// Blocks of 32 values: a half d, perhaps a half m, and for each value j a number q. The four low bits of values 0 to 15 are the low
/// nibbles of 16 bytes, those of 16 to 31 the high ones. Values with a minimum are rounded once.
/// </summary>
internal static class SmallBlocks
{
    private const int Nibbles = 16;

    /// <summary>Q4_0: d · (q − 8).</summary>
    public static void Q4Times(ReadOnlySpan<byte> block, Span<float> values)
    {
        var d = Half(block);
        for (var j = 0; j < Nibbles; j++)
        {
            values[j] = d * ((block[2 + j] & 15) - 8);
            values[j + Nibbles] = d * ((block[2 + j] >> 4) - 8);
        }
    }

    /// <summary>Q4_1: d · q + m.</summary>
    public static void Q4Plus(ReadOnlySpan<byte> block, Span<float> values)
    {
        var (d, m) = (Half(block), Half(block[2..]));
        for (var j = 0; j < Nibbles; j++)
        {
            values[j] = (d * (block[4 + j] & 15)) + m;
            values[j + Nibbles] = (d * (block[4 + j] >> 4)) + m;
        }
    }

    /// <summary>Q5_0: d · (q − 16), the fifth bit of value j being bit j of a word.</summary>
    public static void Q5Times(ReadOnlySpan<byte> block, Span<float> values)
    {
        var d = Half(block);
        var fifth = BinaryPrimitives.ReadUInt32LittleEndian(block[2..]);
        for (var j = 0; j < Nibbles; j++)
        {
            values[j] = d * (((block[6 + j] & 15) | Fifth(fifth, j)) - 16);
            values[j + Nibbles] = d * (((block[6 + j] >> 4) | Fifth(fifth, j + Nibbles)) - 16);
        }
    }

    /// <summary>Q5_1: d · q + m.</summary>
    public static void Q5Plus(ReadOnlySpan<byte> block, Span<float> values)
    {
        var (d, m) = (Half(block), Half(block[2..]));
        var fifth = BinaryPrimitives.ReadUInt32LittleEndian(block[4..]);
        for (var j = 0; j < Nibbles; j++)
        {
            values[j] = (d * ((block[8 + j] & 15) | Fifth(fifth, j))) + m;
            values[j + Nibbles] = (d * ((block[8 + j] >> 4) | Fifth(fifth, j + Nibbles))) + m;
        }
    }

    /// <summary>Q8_0: d · q, a signed byte.</summary>
    public static void Q8Times(ReadOnlySpan<byte> block, Span<float> values)
    {
        var d = Half(block);
        for (var j = 0; j < values.Length; j++)
            values[j] = d * (sbyte)block[2 + j];
    }

    /// <summary>The half at the beginning, subnormal ones included.</summary>
    public static float Half(ReadOnlySpan<byte> bytes) => (float)BinaryPrimitives.ReadHalfLittleEndian(bytes);

    private static int Fifth(uint bits, int j) => (int)((bits >> j) & 1) << 4;
}
