using System.Numerics;
using System.Runtime.InteropServices;

namespace AkkaCp.Model.Weights.Sources;

/// <summary>Between F32 and BF16, which is its upper half.</summary>
internal static class FloatConversion
{
    private const uint RoundingBias = 0x7FFF;
    private const uint Infinity = 0x7F80_0000;

    /// <summary>Rounds to nearest even; a NaN stays one.</summary>
    public static void ToBFloat16(ReadOnlySpan<float> source, Span<ushort> destination)
    {
        var bits = MemoryMarshal.Cast<float, uint>(source);
        var i = 0;
        for (; i <= bits.Length - (2 * Vector<uint>.Count); i += 2 * Vector<uint>.Count)
        {
            var low = RoundToBFloat16(new Vector<uint>(bits[i..]));
            var high = RoundToBFloat16(new Vector<uint>(bits[(i + Vector<uint>.Count)..]));
            Vector.Narrow(low, high).CopyTo(destination[i..]);
        }

        for (; i < bits.Length; i++)
            destination[i] = (ushort)RoundToBFloat16(bits[i]);
    }

    /// <summary>Exact: every BF16 value is an F32 value.</summary>
    public static void FromBFloat16(ReadOnlySpan<ushort> source, Span<float> destination)
    {
        var bits = MemoryMarshal.Cast<float, uint>(destination);
        var i = 0;
        for (; i <= source.Length - Vector<ushort>.Count; i += Vector<ushort>.Count)
        {
            Vector.Widen(new Vector<ushort>(source[i..]), out var low, out var high);
            Vector.ShiftLeft(low, 16).CopyTo(bits[i..]);
            Vector.ShiftLeft(high, 16).CopyTo(bits[(i + Vector<uint>.Count)..]);
        }

        for (; i < source.Length; i++)
            bits[i] = (uint)source[i] << 16;
    }

    private static Vector<uint> RoundToBFloat16(Vector<uint> bits)
    {
        var rounded = Vector.ShiftRightLogical(
            bits + new Vector<uint>(RoundingBias) + (Vector.ShiftRightLogical(bits, 16) & Vector<uint>.One), 16);
        var quiet = Vector.ShiftRightLogical(bits, 16) | new Vector<uint>(0x40);
        var isNaN = Vector.GreaterThan(bits & new Vector<uint>(0x7FFF_FFFF), new Vector<uint>(Infinity));
        return Vector.ConditionalSelect(isNaN, quiet, rounded);
    }

    private static uint RoundToBFloat16(uint bits) => (bits & 0x7FFF_FFFF) > Infinity
        ? (bits >> 16) | 0x40
        : (bits + RoundingBias + ((bits >> 16) & 1)) >> 16;
}
