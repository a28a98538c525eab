using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace AkkaCp.Npu.Cpu.Products.Packing;

/// <summary>
/// A panel of F8 weights: the bytes where a BF16 panel of the same <see cref="BF16Packing"/> has its values, then for each
/// <see cref="ScaleInputs"/> inputs the scales of the 32 outputs. A part of it is widened to BF16 when a product needs it; all e4m3 values
/// are BF16 values.
/// </summary>
internal static unsafe class F8Panel
{
    /// <summary>Inputs that share a scale.</summary>
    public const int ScaleInputs = 128;

    private const int Width = CpuPackedMatrix.PanelWidth;
    private const byte Sign = 0x80;
    private const byte Magnitude = 0x7F;

    // What an exponent's bias of 127 is above one of 7, in the upper byte of a BF16 value.
    private const byte BiasByte = 120 >> 1;

    // Below it is no exponent: n/8 · 2⁻⁶ has one in BF16. The two bytes of those values.
    private const byte Smallest = 8;

    private static readonly Vector128<byte> s_smallUpper =
        Vector128.Create((byte)0, 0x3B, 0x3B, 0x3B, 0x3C, 0x3C, 0x3C, 0x3C, 0, 0, 0, 0, 0, 0, 0, 0);

    private static readonly Vector128<byte> s_smallLower =
        Vector128.Create((byte)0, 0, 0x80, 0xC0, 0, 0x20, 0x40, 0x60, 0, 0, 0, 0, 0, 0, 0, 0);

    /// <summary>Bytes of the codes of a panel.</summary>
    public static nint CodeBytes(int k, BF16Packing packing) => (nint)(packing == BF16Packing.Pairs ? k + (k % 2) : k) * Width;

    /// <summary>Scales of an output.</summary>
    public static int Scales(int k) => (k + ScaleInputs - 1) / ScaleInputs;

    /// <summary>Bytes of a panel.</summary>
    public static nint Bytes(int k, BF16Packing packing) => CodeBytes(k, packing) + ((nint)Scales(k) * Width * sizeof(float));

    /// <summary>Puts a row of W into its lane.</summary>
    public static void PackRow(byte* panel, int lane, ReadOnlySpan<byte> row, ReadOnlySpan<float> scales, BF16Packing packing)
    {
        var target = packing == BF16Packing.Pairs ? panel + (2 * lane) : panel + (2 * (lane % (Width / 2))) + (lane / (Width / 2));
        var k = 0;
        if (packing == BF16Packing.Pairs)
        {
            var pairs = MemoryMarshal.Cast<byte, ushort>(row);
            for (; k < pairs.Length; k++, target += 2 * Width)
                *(ushort*)target = pairs[k];

            if (row.Length % 2 != 0)
                *(ushort*)target = row[^1];
        }
        else
        {
            for (; k < row.Length; k++, target += Width)
                *target = row[k];
        }

        var scaleOf = (float*)(panel + CodeBytes(row.Length, packing)) + lane;
        foreach (var scale in scales)
        {
            *scaleOf = scale;
            scaleOf += Width;
        }
    }

    /// <summary>Codes as BF16 values, in order.</summary>
    /// <param name="codes">Some codes, none of them NaN.</param>
    /// <param name="count">How many, a multiple of 32.</param>
    /// <param name="values">As many values.</param>
    public static void Widen(byte* codes, int count, ushort* values)
    {
        var i = 0;
        if (Avx2.IsSupported)
        {
            for (; i < count; i += Vector256<byte>.Count)
                Widen256(Vector256.Load(codes + i), values + i);
        }

        for (; i < count; i += Vector128<byte>.Count)
            Widen128(Vector128.Load(codes + i), values + i);
    }

    private static void Widen256(Vector256<byte> codes, ushort* values)
    {
        var magnitude = codes & Vector256.Create(Magnitude);
        var isSmall = Vector256.LessThan(magnitude, Vector256.Create(Smallest));
        var upper = (magnitude.AsUInt16() >>> 4).AsByte() & Vector256.Create((byte)0x07);
        var lower = (magnitude.AsUInt16() << 4).AsByte() & Vector256.Create((byte)0xF0);
        upper = Vector256.ConditionalSelect(
            isSmall, Avx2.Shuffle(Vector256.Create(s_smallUpper, s_smallUpper), magnitude), upper + Vector256.Create(BiasByte));
        lower = Vector256.ConditionalSelect(isSmall, Avx2.Shuffle(Vector256.Create(s_smallLower, s_smallLower), magnitude), lower);
        upper |= codes & Vector256.Create(Sign);
        var (even, odd) = (Avx2.UnpackLow(lower, upper), Avx2.UnpackHigh(lower, upper));
        Avx2.Permute2x128(even, odd, 0x20).Store((byte*)values);
        Avx2.Permute2x128(even, odd, 0x31).Store((byte*)values + Vector256<byte>.Count);
    }

    private static void Widen128(Vector128<byte> codes, ushort* values)
    {
        var magnitude = codes & Vector128.Create(Magnitude);
        var isSmall = Vector128.LessThan(magnitude, Vector128.Create(Smallest));
        var upper = (magnitude.AsUInt16() >>> 4).AsByte() & Vector128.Create((byte)0x07);
        var lower = (magnitude.AsUInt16() << 4).AsByte() & Vector128.Create((byte)0xF0);
        var index = magnitude & Vector128.Create((byte)0x0F);
        upper = Vector128.ConditionalSelect(isSmall, Vector128.Shuffle(s_smallUpper, index), upper + Vector128.Create(BiasByte));
        lower = Vector128.ConditionalSelect(isSmall, Vector128.Shuffle(s_smallLower, index), lower);
        upper |= codes & Vector128.Create(Sign);
        var (lowL, highL) = Vector128.Widen(lower);
        var (lowU, highU) = Vector128.Widen(upper);
        (lowL | (lowU << 8)).Store(values);
        (highL | (highU << 8)).Store(values + Vector128<ushort>.Count);
    }
}
