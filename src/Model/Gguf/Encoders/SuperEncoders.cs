using System.Runtime.Intrinsics;
using AkkaCp.Model.Gguf.Blocks;

namespace AkkaCp.Model.Gguf.Encoders;

/// <summary>
/// Blocks of 256 values, which <see cref="SuperBlocks"/> reads: first the best step of each group as a float, then whole numbers for the
/// steps, then the codes anew for the steps that these numbers stand for.
/// </summary>
internal static class SuperEncoders
{
    private const int Lanes = 8;
    private const int AffineElements = 32;
    private const int SymmetricElements = 16;

    /// <summary>Q4_K.</summary>
    public static void Q4(ReadOnlySpan<float> values, Span<byte> block)
    {
        Span<Vector256<float>> codes = stackalloc Vector256<float>[AffineElements];
        EncodeAffine(values, block, codes, 15, -1, 21);
        WriteNibbles(codes, block[16..]);
    }

    /// <summary>Q5_K.</summary>
    public static void Q5(ReadOnlySpan<float> values, Span<byte> block)
    {
        Span<Vector256<float>> codes = stackalloc Vector256<float>[AffineElements];
        EncodeAffine(values, block, codes, 31, -0.5f, 16);
        for (var e = 0; e < codes.Length; e++)
        {
            var isFifth = Vector256.GreaterThan(codes[e], Vector256.Create(15f));
            block[16 + e] = (byte)Vector256.ExtractMostSignificantBits(isFifth);
            codes[e] -= isFifth & Vector256.Create(16f);
        }

        WriteNibbles(codes, block[48..]);
    }

    /// <summary>Q6_K.</summary>
    public static void Q6(ReadOnlySpan<float> values, Span<byte> block)
    {
        Span<float> scales = stackalloc float[2 * Lanes];
        Span<Vector256<float>> x = stackalloc Vector256<float>[2 * SymmetricElements];
        var first = x[..SymmetricElements];
        var second = x[SymmetricElements..];
        Transpose(values[..128], first);
        Transpose(values[128..], second);
        var (low, high) = (SymmetricFit.Search(first, 32), SymmetricFit.Search(second, 32));
        low.Scale.CopyTo(scales);
        high.Scale.CopyTo(scales[Lanes..]);
        block.Clear();
        if (LargestMagnitude(scales) is var largest && MathF.Abs(largest) < SymmetricFit.Least)
            return;

        var factor = -128 / largest;
        SmallEncoders.WriteHalf(block[208..], 1 / factor);
        var d = SmallBlocks.Half(block[208..]);
        for (var group = 0; group < scales.Length; group++)
        {
            var scale = (sbyte)MathF.Min(127, Rounding.Nearest(factor * scales[group]));
            block[192 + group] = (byte)scale;
            scales[group] = d * scale;
        }

        WriteSixBits(first, low, scales[..Lanes], block[..64], block.Slice(128, 32));
        WriteSixBits(second, high, scales[Lanes..], block.Slice(64, 64), block.Slice(160, 32));
    }

    /// <summary>Writes d, dmin, scales and minima, and makes the codes for what they stand for.</summary>
    private static void EncodeAffine(
        ReadOnlySpan<float> values, Span<byte> block, Span<Vector256<float>> codes, int top, float first, int tried)
    {
        Span<Vector256<float>> x = stackalloc Vector256<float>[AffineElements];
        Transpose(values, x);
        var fit = AffineFit.Search(x, top, first, tried);
        Span<float> scales = stackalloc float[Lanes];
        Span<float> minima = stackalloc float[Lanes];
        fit.Scale.CopyTo(scales);
        (-fit.Minimum).CopyTo(minima);
        SmallEncoders.WriteHalf(block, ToSixBits(scales));
        SmallEncoders.WriteHalf(block[2..], ToSixBits(minima));
        WriteSixBitPairs(scales, minima, block.Slice(4, 12));

        var scale = Vector256.Create(SmallBlocks.Half(block)) * Vector256.Create(scales);
        var minimum = Vector256.Create(SmallBlocks.Half(block[2..])) * Vector256.Create(minima);
        var isNothing = Vector256.Equals(scale, Vector256<float>.Zero);
        Encode(x, codes, scale, minimum, top);
        if (isNothing == default)
            return;

        // Whatever such a group's codes are, they stand for its minimum; llama.cpp leaves those of the search.
        Span<Vector256<float>> found = stackalloc Vector256<float>[AffineElements];
        AffineFit.Encode(x, found, fit.Factor, fit.Base, top);
        for (var e = 0; e < codes.Length; e++)
            codes[e] = Vector256.ConditionalSelect(isNothing, found[e], codes[e]);
    }

    private static void Encode(
        ReadOnlySpan<Vector256<float>> x, Span<Vector256<float>> codes, Vector256<float> scale, Vector256<float> minimum, int top)
    {
        var largest = Vector256.Create((float)top);
        for (var e = 0; e < codes.Length; e++)
            codes[e] = Rounding.Clamp((x[e] + minimum) / scale, Vector256<float>.Zero, largest);
    }

    /// <summary>Makes whole numbers from 0 to 63 of numbers of which none is below 0.</summary>
    /// <returns>What 1 stands for.</returns>
    private static float ToSixBits(Span<float> numbers)
    {
        var largest = 0f;
        foreach (var number in numbers)
            largest = MathF.Max(largest, number);
        var factor = largest > 0 && float.IsFinite(63 / largest) ? 63 / largest : 0;
        foreach (ref var number in numbers)
            number = MathF.Min(63, Rounding.Nearest(factor * number));
        return largest / 63;
    }

    private static void WriteSixBitPairs(ReadOnlySpan<float> scales, ReadOnlySpan<float> minima, Span<byte> bytes)
    {
        for (var group = 0; group < 4; group++)
        {
            var (scale, minimum) = ((int)scales[group + 4], (int)minima[group + 4]);
            bytes[group] = (byte)((int)scales[group] | (scale >> 4 << 6));
            bytes[group + 4] = (byte)((int)minima[group] | (minimum >> 4 << 6));
            bytes[group + 8] = (byte)((scale & 15) | ((minimum & 15) << 4));
        }
    }

    /// <summary>Two groups share 32 bytes.</summary>
    private static void WriteNibbles(ReadOnlySpan<Vector256<float>> codes, Span<byte> bytes)
    {
        for (var e = 0; e < codes.Length; e++)
        {
            var code = Vector256.ConvertToInt32(codes[e]);
            for (var pair = 0; pair < Lanes / 2; pair++)
                bytes[(32 * pair) + e] = (byte)(code[2 * pair] | (code[(2 * pair) + 1] << 4));
        }
    }

    /// <summary>Eight groups of 16: 64 bytes of low nibbles, 32 of two high bits each.</summary>
    private static void WriteSixBits(
        ReadOnlySpan<Vector256<float>> x, SymmetricFit fit, ReadOnlySpan<float> scales, Span<byte> lows, Span<byte> highs)
    {
        var scale = Vector256.Create(scales);
        var isNothing = Vector256.Equals(scale, Vector256<float>.Zero);
        var isZero = Vector256.Equals(fit.Factor, Vector256<float>.Zero);
        var (least, largest) = (Vector256.Create(-32f), Vector256.Create(31f));
        for (var e = 0; e < x.Length; e++)
        {
            var anew = Rounding.Clamp(x[e] / scale, least, largest);
            var found = Vector256.ConditionalSelect(isZero, least, Rounding.Clamp(x[e] * fit.Factor, least, largest));
            var code = Vector256.ConvertToInt32(Vector256.ConditionalSelect(isNothing, found, anew) - least);
            for (var half = 0; half < 2; half++)
            {
                var (a, b, c, d) = (code[half], code[half + 2], code[half + 4], code[half + 6]);
                var at = (16 * half) + e;
                lows[at] = (byte)((a & 15) | ((c & 15) << 4));
                lows[at + 32] = (byte)((b & 15) | ((d & 15) << 4));
                highs[at] = (byte)((a >> 4) | (b >> 4 << 2) | (c >> 4 << 4) | (d >> 4 << 6));
            }
        }
    }

    /// <summary>The number of the largest magnitude, the first of equal ones; 0 for none.</summary>
    private static float LargestMagnitude(ReadOnlySpan<float> numbers)
    {
        var largest = 0f;
        foreach (var number in numbers)
        {
            if (MathF.Abs(number) > MathF.Abs(largest))
                largest = number;
        }

        return largest;
    }

    /// <summary>Element e of each of eight groups becomes vector e.</summary>
    private static void Transpose(ReadOnlySpan<float> values, Span<Vector256<float>> x)
    {
        var n = x.Length;
        for (var e = 0; e < x.Length; e++)
        {
            x[e] = Vector256.Create(
                values[e], values[e + n], values[e + (2 * n)], values[e + (3 * n)],
                values[e + (4 * n)], values[e + (5 * n)], values[e + (6 * n)], values[e + (7 * n)]);
        }
    }
}
