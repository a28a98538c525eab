using System.Numerics;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace AkkaCp.Npu.Cpu.Elementwise;

/// <summary>
/// q = round(x / s), s = max|x| / 127 for one row (CANN npu_dynamic_quant): to nearest even, within ±127. Kept as the unsigned byte
/// q + 128, as vpdpbusd wants it. Each element is the same few IEEE operations at every vector width; full vectors, then a scalar
/// remainder.
/// </summary>
internal static unsafe class DynamicQuant
{
    /// <summary>The largest q.</summary>
    public const int Largest = 127;

    /// <summary>The byte of q = 0.</summary>
    public const byte ZeroByte = 128;

    // 1.5·2²³ rounds what is added to an integer, to nearest even, and shows it in the low bits; 128 more makes the byte unsigned and
    // leaves even numbers even.
    private const float Rounding = 12582912f + ZeroByte;
    private const int AbsMask = 0x7FFFFFFF;
    private const int Infinity = 0x7F800000;

    /// <summary>s; 0 for a row of zeros (or so small that s underflows), NaN for one that holds a NaN or an infinity.</summary>
    public static float Scale(float* x, int count)
    {
        // Without their sign, floats are ordered as their bits are, infinity and NaN last.
        var largest = Vector<int>.Zero;
        var i = 0;
        if (Vector512.IsHardwareAccelerated)
        {
            var (even, odd) = (Vector512<int>.Zero, Vector512<int>.Zero);
            for (; i <= count - (2 * Vector512<int>.Count); i += 2 * Vector512<int>.Count)
            {
                even = Vector512.Max(even, Vector512.Load((int*)x + i) & Vector512.Create(AbsMask));
                odd = Vector512.Max(odd, Vector512.Load((int*)x + i + Vector512<int>.Count) & Vector512.Create(AbsMask));
            }

            even = Vector512.Max(even, odd);
            largest = Vector256.Max(even.GetLower(), even.GetUpper()).AsVector();
        }

        for (; i <= count - Vector<int>.Count; i += Vector<int>.Count)
            largest = Vector.Max(largest, Vector.Load((int*)x + i) & new Vector<int>(AbsMask));

        var bits = 0;
        for (var lane = 0; lane < Vector<int>.Count; lane++)
            bits = Math.Max(bits, largest[lane]);

        for (; i < count; i++)
            bits = Math.Max(bits, ((int*)x)[i] & AbsMask);

        return bits >= Infinity ? float.NaN : BitConverter.Int32BitsToSingle(bits) / Largest;
    }

    /// <summary>y = q + 128 of <paramref name="count"/> elements of a row whose scale is given; q = 0 where that is 0 or NaN.</summary>
    public static void Quantize(float* x, int count, float scale, byte* y)
    {
        if (!(scale > 0))
        {
            new Span<byte>(y, count).Fill(ZeroByte);
            return;
        }

        var i = 0;
        if (Avx512F.IsSupported)
        {
            for (; i <= count - Vector512<float>.Count; i += Vector512<float>.Count)
                Avx512F.ConvertToVector128Byte(Words512(x + i, scale)).Store(y + i);
        }

        for (; i <= count - Vector<byte>.Count; i += Vector<byte>.Count)
        {
            var low = Vector.Narrow(Words(x + i, scale), Words(x + i + Vector<float>.Count, scale));
            var high = Vector.Narrow(
                Words(x + i + (2 * Vector<float>.Count), scale), Words(x + i + (3 * Vector<float>.Count), scale));
            Vector.Narrow(low, high).Store(y + i);
        }

        for (; i < count; i++)
            y[i] = (byte)BitConverter.SingleToInt32Bits(Math.Clamp(x[i] / scale, -Largest, Largest) + Rounding);
    }

    private static Vector512<uint> Words512(float* x, float scale)
    {
        var q = Vector512.Load(x) / Vector512.Create(scale);
        q = Vector512.Min(Vector512.Max(q, Vector512.Create(-(float)Largest)), Vector512.Create((float)Largest));
        return (q + Vector512.Create(Rounding)).AsUInt32();
    }

    private static Vector<uint> Words(float* x, float scale)
    {
        var q = Vector.Load(x) / new Vector<float>(scale);
        q = Vector.Min(Vector.Max(q, new Vector<float>(-Largest)), new Vector<float>(Largest));
        return Vector.AsVectorUInt32(q + new Vector<float>(Rounding)) & new Vector<uint>(0xFF);
    }
}
