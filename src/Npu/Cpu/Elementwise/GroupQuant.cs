using System.Numerics;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace AkkaCp.Npu.Cpu.Elementwise;

/// <summary>
/// q = round(x · (127 / a)), to nearest even, and s = a / 127 for a run of neighbouring inputs, a = max|x|; q is a signed byte. A run of
/// zeros, or one so small that 127 / a overflows, has q = 0 and s = 0; one with a NaN or an infinity q = 0 and s = NaN. Each element is
/// the same few IEEE operations at every vector width. Lengths are multiples of 32.
/// </summary>
internal static unsafe class GroupQuant
{
    private const float Largest = DynamicQuant.Largest;

    // 1.5·2²³ rounds what is added to an integer, to nearest even, and shows it in the low bits.
    private const float Rounding = 12582912f;
    private const int AbsMask = 0x7FFFFFFF;
    private const int Infinity = 0x7F800000;

    /// <summary>Quantises a run; gives s.</summary>
    public static float Quantize(float* x, int count, sbyte* q)
    {
        var bits = LargestBits((int*)x, count);
        var largest = BitConverter.Int32BitsToSingle(bits);
        var inverse = Largest / largest;
        if (bits >= Infinity || !float.IsFinite(inverse))
        {
            new Span<sbyte>(q, count).Clear();
            return bits >= Infinity ? float.NaN : 0;
        }

        Round(x, count, inverse, q);
        return largest / Largest;
    }

    /// <summary>Σ q of 16 neighbours.</summary>
    public static int Sum16(sbyte* q)
    {
        if (Sse2.IsSupported)
        {
            var sums = Sse2.SumAbsoluteDifferences(Vector128.Load((byte*)q) ^ Vector128.Create((byte)0x80), Vector128<byte>.Zero).AsInt32();
            return sums[0] + sums[2] - (16 * 128);
        }

        var sum = 0;
        for (var i = 0; i < 16; i++)
            sum += q[i];

        return sum;
    }

    // Without their sign, floats are ordered as their bits are, infinity and NaN last.
    private static int LargestBits(int* x, int count)
    {
        var largest = Vector<int>.Zero;
        for (var i = 0; i < count; i += Vector<int>.Count)
            largest = Vector.Max(largest, Vector.Load(x + i) & new Vector<int>(AbsMask));

        var bits = 0;
        for (var lane = 0; lane < Vector<int>.Count; lane++)
            bits = Math.Max(bits, largest[lane]);

        return bits;
    }

    private static void Round(float* x, int count, float inverse, sbyte* q)
    {
        var i = 0;
        if (Avx512F.IsSupported)
        {
            for (; i < count; i += Vector512<float>.Count)
            {
                var words = (Vector512.Load(x + i) * Vector512.Create(inverse)) + Vector512.Create(Rounding);
                Avx512F.ConvertToVector128SByte(words.AsInt32()).Store(q + i);
            }
        }

        for (; i < count; i += 4 * Vector<float>.Count)
        {
            var low = Vector.Narrow(Words(x + i, inverse), Words(x + i + Vector<float>.Count, inverse));
            var high = Vector.Narrow(
                Words(x + i + (2 * Vector<float>.Count), inverse), Words(x + i + (3 * Vector<float>.Count), inverse));
            Vector.Narrow(low, high).Store((byte*)q + i);
        }
    }

    private static Vector<uint> Words(float* x, float inverse) =>
        Vector.AsVectorUInt32((Vector.Load(x) * new Vector<float>(inverse)) + new Vector<float>(Rounding)) & new Vector<uint>(0xFF);
}
