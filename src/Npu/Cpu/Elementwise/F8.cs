using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace AkkaCp.Npu.Cpu.Elementwise;

/// <summary>
/// e4m3 (fn) to BF16, exact: sign, four bits of exponent with a bias of 7, three of fraction; below an exponent of 1 is n/8 · 2⁻⁶, which
/// has an exponent of its own in BF16.
/// </summary>
internal static unsafe class F8
{
    private const byte Sign = 0x80;
    private const byte Magnitude = 0x7F;

    // What an exponent's bias of 127 is above one of 7, in the upper byte of a BF16 value.
    private const byte BiasByte = 120 >> 1;
    private const byte SmallestNormal = 8;

    private static readonly byte[] s_upper = [.. Enumerable.Range(0, 128).Select(code => (byte)(BitsOf(code) >> 8))];
    private static readonly byte[] s_lower = [.. Enumerable.Range(0, 128).Select(code => (byte)BitsOf(code))];

    /// <summary>Codes as BF16 values, in order.</summary>
    /// <param name="codes">Some codes, none of them NaN.</param>
    /// <param name="count">How many, a multiple of 32.</param>
    /// <param name="values">As many values.</param>
    public static void ToBF16(byte* codes, int count, ushort* values)
    {
        var whole = Avx512Vbmi.IsSupported ? count / 64 * 64 : 0;
        if (whole > 0)
            LookUp(codes, whole, values);

        if (Avx2.IsSupported)
            Compute256(codes + whole, count - whole, values + whole);
        else
            Compute128(codes + whole, count - whole, values + whole);
    }

    // Tables of 128 bytes, which one instruction looks 64 codes up in.
    private static void LookUp(byte* codes, int count, ushort* values)
    {
        Vector512<byte> upper0 = Vector512.Create(s_upper.AsSpan(0, 64)), upper1 = Vector512.Create(s_upper.AsSpan(64));
        Vector512<byte> lower0 = Vector512.Create(s_lower.AsSpan(0, 64)), lower1 = Vector512.Create(s_lower.AsSpan(64));

        // Unpacking takes halves of each 128 bits: this order makes its results follow each other.
        var order = Vector512.Create(0L, 4, 1, 5, 2, 6, 3, 7);
        for (var i = 0; i < count; i += Vector512<byte>.Count)
        {
            var code = Avx512F.PermuteVar8x64(Vector512.Load((long*)(codes + i)), order).AsByte();
            var lower = Avx512Vbmi.PermuteVar64x8x2(lower0, code, lower1);
            var upper = Avx512Vbmi.PermuteVar64x8x2(upper0, code, upper1) | (code & Vector512.Create(Sign));
            Avx512BW.UnpackLow(lower, upper).Store((byte*)(values + i));
            Avx512BW.UnpackHigh(lower, upper).Store((byte*)(values + i + Vector512<ushort>.Count));
        }
    }

    private static void Compute256(byte* codes, int count, ushort* values)
    {
        var (smallUpper, smallLower) = (Small256(s_upper), Small256(s_lower));
        for (var i = 0; i < count; i += Vector256<byte>.Count)
        {
            var code = Vector256.Load(codes + i);
            var magnitude = code & Vector256.Create(Magnitude);
            var isSmall = Vector256.LessThan(magnitude.AsSByte(), Vector256.Create((sbyte)SmallestNormal)).AsByte();
            var upper = (magnitude.AsUInt16() >>> 4).AsByte() & Vector256.Create((byte)0x07);
            var lower = (magnitude.AsUInt16() << 4).AsByte() & Vector256.Create((byte)0xF0);
            upper = Avx2.BlendVariable(upper + Vector256.Create(BiasByte), Avx2.Shuffle(smallUpper, magnitude), isSmall);
            lower = Avx2.BlendVariable(lower, Avx2.Shuffle(smallLower, magnitude), isSmall);
            upper |= code & Vector256.Create(Sign);
            var (even, odd) = (Avx2.UnpackLow(lower, upper), Avx2.UnpackHigh(lower, upper));
            Avx2.Permute2x128(even, odd, 0x20).Store((byte*)(values + i));
            Avx2.Permute2x128(even, odd, 0x31).Store((byte*)(values + i + Vector256<ushort>.Count));
        }
    }

    private static void Compute128(byte* codes, int count, ushort* values)
    {
        Vector128<byte> smallUpper = Vector128.Create(s_upper.AsSpan(0, 16)), smallLower = Vector128.Create(s_lower.AsSpan(0, 16));
        for (var i = 0; i < count; i += Vector128<byte>.Count)
        {
            var code = Vector128.Load(codes + i);
            var magnitude = code & Vector128.Create(Magnitude);
            var isSmall = Vector128.LessThan(magnitude, Vector128.Create(SmallestNormal));
            var index = magnitude & Vector128.Create((byte)0x0F);
            var upper = ((magnitude.AsUInt16() >>> 4).AsByte() & Vector128.Create((byte)0x07)) + Vector128.Create(BiasByte);
            var lower = (magnitude.AsUInt16() << 4).AsByte() & Vector128.Create((byte)0xF0);
            upper = Vector128.ConditionalSelect(isSmall, Vector128.Shuffle(smallUpper, index), upper) | (code & Vector128.Create(Sign));
            lower = Vector128.ConditionalSelect(isSmall, Vector128.Shuffle(smallLower, index), lower);
            var (lowLower, highLower) = Vector128.Widen(lower);
            var (lowUpper, highUpper) = Vector128.Widen(upper);
            (lowLower | (lowUpper << 8)).Store(values + i);
            (highLower | (highUpper << 8)).Store(values + i + Vector128<ushort>.Count);
        }
    }

    private static Vector256<byte> Small256(byte[] table)
    {
        var small = Vector128.Create(table.AsSpan(0, 16));
        return Vector256.Create(small, small);
    }

    private static uint BitsOf(int code)
    {
        var value = code < SmallestNormal
            ? code / 512f
            : BitConverter.Int32BitsToSingle((code << 20) + (BiasByte << 24));
        return BitConverter.SingleToUInt32Bits(value) >> 16;
    }
}
