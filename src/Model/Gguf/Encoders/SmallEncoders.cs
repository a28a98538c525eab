using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace AkkaCp.Model.Gguf.Encoders;

/// <summary>
/// Blocks of 32 values, which <see cref="Blocks.SmallBlocks"/> reads. A scale is rounded to a half after the codes were made by it as a
/// float; codes are made in the same steps as in llama.cpp, so that no bit differs.
/// </summary>
internal static class SmallEncoders
{
    /// <summary>Q8_0: the largest magnitude becomes 127; halves are rounded away from zero.</summary>
    public static void Q8Times(ReadOnlySpan<float> values, Span<byte> block)
    {
        var x = MemoryMarshal.Cast<float, Vector256<float>>(values);
        var d = MagnitudeOf(x) / 127;
        var inverse = Vector256.Create(Inverse(d));
        WriteHalf(block, d);
        Narrow(RoundAway(x[0] * inverse), RoundAway(x[1] * inverse), RoundAway(x[2] * inverse), RoundAway(x[3] * inverse))
            .CopyTo(block[2..]);
    }

    /// <summary>Q4_0: the value of the largest magnitude becomes −8.</summary>
    public static void Q4Times(ReadOnlySpan<float> values, Span<byte> block)
    {
        WriteHalf(block, Symmetric(values, 8, out var codes));
        WriteNibbles(codes, block[2..]);
    }

    /// <summary>Q5_0: the value of the largest magnitude becomes −16.</summary>
    public static void Q5Times(ReadOnlySpan<float> values, Span<byte> block)
    {
        WriteHalf(block, Symmetric(values, 16, out var codes));
        WriteFiveBits(codes, block[2..]);
    }

    /// <summary>Q5_1: the least value becomes 0, the largest 31.</summary>
    public static void Q5Plus(ReadOnlySpan<float> values, Span<byte> block)
    {
        var x = MemoryMarshal.Cast<float, Vector256<float>>(values);
        var (least, largest) = (values[0], values[0]);
        foreach (var value in values)
        {
            least = value < least ? value : least;
            largest = value > largest ? value : largest;
        }

        var d = (largest - least) / 31;
        var (from, inverse, half) = (Vector256.Create(least), Vector256.Create(Inverse(d)), Vector256.Create(0.5f));
        WriteHalf(block, d);
        WriteHalf(block[2..], least);
        var codes = Narrow(
            ((x[0] - from) * inverse) + half, ((x[1] - from) * inverse) + half,
            ((x[2] - from) * inverse) + half, ((x[3] - from) * inverse) + half);
        WriteFiveBits(codes, block[4..]);
    }

    public static void WriteHalf(Span<byte> bytes, float value) => BinaryPrimitives.WriteHalfLittleEndian(bytes, (Half)value);

    /// <summary>Codes from 0 to twice the middle, less 1; the value of the largest magnitude, the first of equal ones, becomes 0.</summary>
    /// <returns>The step from one code to the next.</returns>
    private static float Symmetric(ReadOnlySpan<float> values, int middle, out Vector256<byte> codes)
    {
        var x = MemoryMarshal.Cast<float, Vector256<float>>(values);
        var d = FirstOf(x, MagnitudeOf(x)) / -middle;
        codes = Vector256<byte>.Zero;
        if (d != 0 && Inverse(d) == 0)
            return d;
        var (inverse, half) = (Vector256.Create(Inverse(d)), Vector256.Create(middle + 0.5f));
        codes = Vector256.Min(
            Narrow((x[0] * inverse) + half, (x[1] * inverse) + half, (x[2] * inverse) + half, (x[3] * inverse) + half),
            Vector256.Create((byte)((2 * middle) - 1)));
        return d;
    }

    /// <summary>The fifth bits as a word, then the nibbles.</summary>
    private static void WriteFiveBits(Vector256<byte> codes, Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(
            bytes, Vector256.ExtractMostSignificantBits(Vector256.GreaterThan(codes, Vector256.Create((byte)15))));
        WriteNibbles(codes & Vector256.Create((byte)15), bytes[4..]);
    }

    /// <summary>The second half of 32 codes below 16 is above the first in 16 bytes.</summary>
    private static void WriteNibbles(Vector256<byte> codes, Span<byte> bytes) =>
        (codes.GetLower() | (codes.GetUpper().AsUInt16() << 4).AsByte()).CopyTo(bytes);

    // Of a step so small that its inverse is infinite no half is left: whatever the codes are, they stand for 0.
    private static float Inverse(float d) => d != 0 && float.IsFinite(1 / d) ? 1 / d : 0;

    private static Vector256<float> RoundAway(Vector256<float> x)
    {
        var whole = Vector256.Truncate(x);
        var isUp = Vector256.GreaterThanOrEqual(Vector256.Abs(x - whole), Vector256.Create(0.5f));
        return whole + (isUp & Vector256.CopySign(Vector256<float>.One, x));
    }

    /// <summary>The low bytes of 32 numbers without their fractions.</summary>
    private static Vector256<byte> Narrow(Vector256<float> a, Vector256<float> b, Vector256<float> c, Vector256<float> d) =>
        Vector256.Narrow(
            Vector256.Narrow(Vector256.ConvertToInt32Native(a), Vector256.ConvertToInt32Native(b)),
            Vector256.Narrow(Vector256.ConvertToInt32Native(c), Vector256.ConvertToInt32Native(d))).AsByte();

    private static float MagnitudeOf(ReadOnlySpan<Vector256<float>> x)
    {
        var eight = Vector256.MaxNative(
            Vector256.MaxNative(Vector256.Abs(x[0]), Vector256.Abs(x[1])), Vector256.MaxNative(Vector256.Abs(x[2]), Vector256.Abs(x[3])));
        var four = Vector128.MaxNative(eight.GetLower(), eight.GetUpper());
        return MathF.Max(MathF.Max(four[0], four[1]), MathF.Max(four[2], four[3]));
    }

    /// <summary>The first value of a magnitude; of none 0, not minus 0.</summary>
    private static float FirstOf(ReadOnlySpan<Vector256<float>> x, float magnitude)
    {
        foreach (var eight in x)
        {
            var found = Vector256.ExtractMostSignificantBits(Vector256.Equals(Vector256.Abs(eight), Vector256.Create(magnitude)));
            if (found != 0 && magnitude != 0)
                return eight[int.TrailingZeroCount((int)found)];
        }

        return 0;
    }
}
