using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace AkkaCp.Npu.Cpu.Simd;

/// <summary>
/// Elementary functions. e^x = 2^n · e^r with n = round(x / ln 2) and |r| ≤ ln 2 / 2; e^r is a polynomial of degree 6, and 2^n is
/// applied in two halves so that results below the smallest normal number keep their bits and results above the largest
/// become +inf. Relative error below 2e-7. Every width gives the same bits, hence so do a vector's lanes and a scalar tail.
/// </summary>
internal static class VectorMath
{
    // From here on e^x is a normal number.
    private const float LowestNormal = -87f;

    // Outside these bounds e^x is 0 or +inf in F32, and n still fits the two halves.
    private const float Lowest = -104f;
    private const float Highest = 89f;

    private const float Log2E = 1.44269504f;

    // ln 2 in two parts: n times the first is exact for |n| < 2^9.
    private const float Ln2High = 0.693359375f;
    private const float Ln2Low = -2.12194440e-4f;

    // Adding 1.5 · 2^23 leaves the nearest integer in the low bits of the sum.
    private const float Shift = 12582912f;
    private const int ShiftBits = 0x4B400000;

    // Minimax on [-ln 2 / 2, ln 2 / 2] with the first two coefficients fixed at 1, so that e^0 is exactly 1.
    private const float C2 = 0.49999993f;
    private const float C3 = 0.1666652f;
    private const float C4 = 0.04166839f;
    private const float C5 = 0.008368745f;
    private const float C6 = 0.001381454f;

    /// <summary>e^x: 1 at 0, 0 at -inf, +inf at +inf and above 88.73, never NaN unless x is.</summary>
    public static float Exp(float x)
    {
        x = x < Lowest ? Lowest : x;
        x = x > Highest ? Highest : x;
        var shifted = MathF.FusedMultiplyAdd(x, Log2E, Shift);
        var n = shifted - Shift;
        var r = MathF.FusedMultiplyAdd(n, -Ln2High, x);
        r = MathF.FusedMultiplyAdd(n, -Ln2Low, r);
        var p = MathF.FusedMultiplyAdd(C6, r, C5);
        p = MathF.FusedMultiplyAdd(p, r, C4);
        p = MathF.FusedMultiplyAdd(p, r, C3);
        p = MathF.FusedMultiplyAdd(p, r, C2);
        p = MathF.FusedMultiplyAdd(p, r, 1f);
        p = MathF.FusedMultiplyAdd(p, r, 1f);
        var power = BitConverter.SingleToInt32Bits(shifted) - ShiftBits;
        var half = power >> 1;
        return p * PowerOfTwo(half) * PowerOfTwo(power - half);
    }

    /// <summary>e^x in each lane, with the bits of <see cref="Exp(float)"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Exp(Vector128<float> x)
    {
        x = Vector128.ConditionalSelect(Vector128.LessThan(x, Vector128.Create(Lowest)), Vector128.Create(Lowest), x);
        x = Vector128.ConditionalSelect(Vector128.GreaterThan(x, Vector128.Create(Highest)), Vector128.Create(Highest), x);
        var shifted = Vector128.FusedMultiplyAdd(x, Vector128.Create(Log2E), Vector128.Create(Shift));
        var n = shifted - Vector128.Create(Shift);
        var r = Vector128.FusedMultiplyAdd(n, Vector128.Create(-Ln2High), x);
        r = Vector128.FusedMultiplyAdd(n, Vector128.Create(-Ln2Low), r);
        var p = Vector128.FusedMultiplyAdd(Vector128.Create(C6), r, Vector128.Create(C5));
        p = Vector128.FusedMultiplyAdd(p, r, Vector128.Create(C4));
        p = Vector128.FusedMultiplyAdd(p, r, Vector128.Create(C3));
        p = Vector128.FusedMultiplyAdd(p, r, Vector128.Create(C2));
        p = Vector128.FusedMultiplyAdd(p, r, Vector128<float>.One);
        p = Vector128.FusedMultiplyAdd(p, r, Vector128<float>.One);
        var power = shifted.AsInt32() - Vector128.Create(ShiftBits);
        var half = power >> 1;
        return p * PowerOfTwo(half) * PowerOfTwo(power - half);
    }

    /// <summary>e^x in each lane, with the bits of <see cref="Exp(float)"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Exp(Vector256<float> x)
    {
        x = Vector256.ConditionalSelect(Vector256.LessThan(x, Vector256.Create(Lowest)), Vector256.Create(Lowest), x);
        x = Vector256.ConditionalSelect(Vector256.GreaterThan(x, Vector256.Create(Highest)), Vector256.Create(Highest), x);
        var shifted = Vector256.FusedMultiplyAdd(x, Vector256.Create(Log2E), Vector256.Create(Shift));
        var n = shifted - Vector256.Create(Shift);
        var r = Vector256.FusedMultiplyAdd(n, Vector256.Create(-Ln2High), x);
        r = Vector256.FusedMultiplyAdd(n, Vector256.Create(-Ln2Low), r);
        var p = Vector256.FusedMultiplyAdd(Vector256.Create(C6), r, Vector256.Create(C5));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(C4));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(C3));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(C2));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256<float>.One);
        p = Vector256.FusedMultiplyAdd(p, r, Vector256<float>.One);
        var power = shifted.AsInt32() - Vector256.Create(ShiftBits);
        var half = power >> 1;
        return p * PowerOfTwo(half) * PowerOfTwo(power - half);
    }

    /// <summary>e^x in each lane, with the bits of <see cref="Exp(float)"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Exp(Vector512<float> x)
    {
        x = Vector512.ConditionalSelect(Vector512.LessThan(x, Vector512.Create(Lowest)), Vector512.Create(Lowest), x);
        x = Vector512.ConditionalSelect(Vector512.GreaterThan(x, Vector512.Create(Highest)), Vector512.Create(Highest), x);
        var shifted = Vector512.FusedMultiplyAdd(x, Vector512.Create(Log2E), Vector512.Create(Shift));
        var n = shifted - Vector512.Create(Shift);
        var r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-Ln2High), x);
        r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-Ln2Low), r);
        var p = Vector512.FusedMultiplyAdd(Vector512.Create(C6), r, Vector512.Create(C5));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(C4));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(C3));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(C2));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512<float>.One);
        p = Vector512.FusedMultiplyAdd(p, r, Vector512<float>.One);
        var power = shifted.AsInt32() - Vector512.Create(ShiftBits);
        var half = power >> 1;
        return p * PowerOfTwo(half) * PowerOfTwo(power - half);
    }

    /// <summary>
    /// e^x in 32 lanes, with the bits of <see cref="Exp(float)"/>; in fewer steps where e^x is normal in all of them and no x is above 88:
    /// there 2^n is one number. The four go side by side, since one after the other each step would wait for the one before.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Exp(ref Vector256<float> a, ref Vector256<float> b, ref Vector256<float> c, ref Vector256<float> d)
    {
        var lowest = Vector256.MinNative(Vector256.MinNative(a, b), Vector256.MinNative(c, d));
        if (Vector256.LessThanAny(lowest, Vector256.Create(LowestNormal)))
        {
            (a, b, c, d) = (Exp(a), Exp(b), Exp(c), Exp(d));
            return;
        }

        var shift = Vector256.Create(Shift);
        var s0 = Vector256.FusedMultiplyAdd(a, Vector256.Create(Log2E), shift);
        var s1 = Vector256.FusedMultiplyAdd(b, Vector256.Create(Log2E), shift);
        var s2 = Vector256.FusedMultiplyAdd(c, Vector256.Create(Log2E), shift);
        var s3 = Vector256.FusedMultiplyAdd(d, Vector256.Create(Log2E), shift);
        var n0 = s0 - shift;
        var n1 = s1 - shift;
        var n2 = s2 - shift;
        var n3 = s3 - shift;
        a = Vector256.FusedMultiplyAdd(n0, Vector256.Create(-Ln2High), a);
        b = Vector256.FusedMultiplyAdd(n1, Vector256.Create(-Ln2High), b);
        c = Vector256.FusedMultiplyAdd(n2, Vector256.Create(-Ln2High), c);
        d = Vector256.FusedMultiplyAdd(n3, Vector256.Create(-Ln2High), d);
        a = Vector256.FusedMultiplyAdd(n0, Vector256.Create(-Ln2Low), a);
        b = Vector256.FusedMultiplyAdd(n1, Vector256.Create(-Ln2Low), b);
        c = Vector256.FusedMultiplyAdd(n2, Vector256.Create(-Ln2Low), c);
        d = Vector256.FusedMultiplyAdd(n3, Vector256.Create(-Ln2Low), d);
        var p0 = Vector256.FusedMultiplyAdd(Vector256.Create(C6), a, Vector256.Create(C5));
        var p1 = Vector256.FusedMultiplyAdd(Vector256.Create(C6), b, Vector256.Create(C5));
        var p2 = Vector256.FusedMultiplyAdd(Vector256.Create(C6), c, Vector256.Create(C5));
        var p3 = Vector256.FusedMultiplyAdd(Vector256.Create(C6), d, Vector256.Create(C5));
        p0 = Vector256.FusedMultiplyAdd(p0, a, Vector256.Create(C4));
        p1 = Vector256.FusedMultiplyAdd(p1, b, Vector256.Create(C4));
        p2 = Vector256.FusedMultiplyAdd(p2, c, Vector256.Create(C4));
        p3 = Vector256.FusedMultiplyAdd(p3, d, Vector256.Create(C4));
        p0 = Vector256.FusedMultiplyAdd(p0, a, Vector256.Create(C3));
        p1 = Vector256.FusedMultiplyAdd(p1, b, Vector256.Create(C3));
        p2 = Vector256.FusedMultiplyAdd(p2, c, Vector256.Create(C3));
        p3 = Vector256.FusedMultiplyAdd(p3, d, Vector256.Create(C3));
        p0 = Vector256.FusedMultiplyAdd(p0, a, Vector256.Create(C2));
        p1 = Vector256.FusedMultiplyAdd(p1, b, Vector256.Create(C2));
        p2 = Vector256.FusedMultiplyAdd(p2, c, Vector256.Create(C2));
        p3 = Vector256.FusedMultiplyAdd(p3, d, Vector256.Create(C2));
        p0 = Vector256.FusedMultiplyAdd(p0, a, Vector256<float>.One);
        p1 = Vector256.FusedMultiplyAdd(p1, b, Vector256<float>.One);
        p2 = Vector256.FusedMultiplyAdd(p2, c, Vector256<float>.One);
        p3 = Vector256.FusedMultiplyAdd(p3, d, Vector256<float>.One);
        p0 = Vector256.FusedMultiplyAdd(p0, a, Vector256<float>.One);
        p1 = Vector256.FusedMultiplyAdd(p1, b, Vector256<float>.One);
        p2 = Vector256.FusedMultiplyAdd(p2, c, Vector256<float>.One);
        p3 = Vector256.FusedMultiplyAdd(p3, d, Vector256<float>.One);

        // ShiftBits has nothing in the bits that stay.
        var one = Vector256<float>.One.AsInt32();
        a = p0 * ((s0.AsInt32() << 23) + one).AsSingle();
        b = p1 * ((s1.AsInt32() << 23) + one).AsSingle();
        c = p2 * ((s2.AsInt32() << 23) + one).AsSingle();
        d = p3 * ((s3.AsInt32() << 23) + one).AsSingle();
    }

    private static float PowerOfTwo(int n) => BitConverter.Int32BitsToSingle((n + 127) << 23);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> PowerOfTwo(Vector128<int> n) => ((n + Vector128.Create(127)) << 23).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> PowerOfTwo(Vector256<int> n) => ((n + Vector256.Create(127)) << 23).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> PowerOfTwo(Vector512<int> n) => ((n + Vector512.Create(127)) << 23).AsSingle();
}
