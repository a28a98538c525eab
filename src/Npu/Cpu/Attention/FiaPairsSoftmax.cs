using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using AkkaCp.Npu.Cpu.Simd;

namespace AkkaCp.Npu.Cpu.Attention;

/// <summary>
/// Scores of a block to weights in BF16: the step of the online softmax between two products of BF16 pairs. All of it concerns one row
/// at a time. AVX-512 F, BW and DQ, which every processor with AVX-512 BF16 has.
/// </summary>
internal static unsafe class FiaPairsSoftmax
{
    /// <summary>The score of a hidden key: below every other, and still finite less any maximum.</summary>
    public const float Hidden = -1e38f;

    private const int Block = Fia.Block;
    private const int Lanes = Fia.WeightLanes;

    // vrndscaleps: to the next lower whole number. (vreduceps, which gives the fraction at once, takes three times as long.)
    private const byte Down = 1;

    // 2^f for 0 <= f < 1: minimax in relative error (2.9e-6) with the first coefficient fixed at 1, so that the largest score weighs
    // exactly 1. A thousandth of what rounding a weight to BF16 adds.
    private const float C1 = 0.6930448449f;
    private const float C2 = 0.2412802048f;
    private const float C3 = 0.0522424742f;
    private const float C4 = 0.0134266843f;

    /// <summary>
    /// For each row: max' = max(max, scores); where it rose, lanes and sums are multiplied by 2^(max - max'), which is exactly 1 elsewhere;
    /// weights = 2^(scores - max'); lanes += weights, in F32; weights are rounded to BF16, ties upwards. A row without visible keys gets
    /// weights 0 and changes in nothing.
    /// </summary>
    /// <param name="scores">[16, 64] F32; the first half of each row becomes its 64 weights in BF16.</param>
    /// <param name="rows">Number of rows that count, at most 16.</param>
    /// <param name="max">[rows].</param>
    /// <param name="lanes">[rows, 16].</param>
    /// <param name="sums">[rows, width].</param>
    /// <param name="width">Floats of a row of sums, a multiple of 32.</param>
    public static void Weigh(float* scores, int rows, float* max, float* lanes, float* sums, int width)
    {
        var subtracted = stackalloc float[16];
        FindMaxima(scores, rows, max, subtracted, lanes, sums, width);
        WeighRows(scores, rows, subtracted, lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FindMaxima(float* scores, int rows, float* max, float* subtracted, float* lanes, float* sums, int width)
    {
        for (var r = 0; r < rows; r++, scores += Block)
        {
            var (a, b) = (Vector512.Load(scores), Vector512.Load(scores + 16));
            var (c, d) = (Vector512.Load(scores + 32), Vector512.Load(scores + 48));
            subtracted[r] = Simd512.MaxAcross(Vector512.MaxNative(Vector512.MaxNative(a, b), Vector512.MaxNative(c, d)));
        }

        for (var r = 0; r < rows; r++)
        {
            var (old, highest) = (max[r], subtracted[r]);
            if (highest > old && highest > Hidden)
            {
                max[r] = highest;
                Rescale(old, highest, lanes + (r * Lanes), sums + ((nint)r * width), width);
            }

            // Nothing seen yet: any finite number gives hidden keys a weight of 0, and lets a NaN through.
            subtracted[r] = max[r] == float.NegativeInfinity ? 0f : max[r];
        }
    }

    // Of a row that has seen nothing all sums are 0.
    private static void Rescale(float old, float highest, float* lanes, float* sums, int width)
    {
        if (old == float.NegativeInfinity)
            return;

        var decay = Exp2(Vector512.Create(old) - Vector512.Create(highest));
        (Vector512.Load(lanes) * decay).Store(lanes);
        for (var d = 0; d < width; d += 16)
            (Vector512.Load(sums + d) * decay).Store(sums + d);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void WeighRows(float* scores, int rows, float* subtracted, float* lanes)
    {
        var upperHalves = UpperHalves();
        for (var r = 0; r < rows; r++, scores += Block, lanes += Lanes)
        {
            var maximum = Vector512.Create(subtracted[r]);
            var (a, b) = (Exp2(Vector512.Load(scores) - maximum), Exp2(Vector512.Load(scores + 16) - maximum));
            var (c, d) = (Exp2(Vector512.Load(scores + 32) - maximum), Exp2(Vector512.Load(scores + 48) - maximum));
            (Vector512.Load(lanes) + (a + b + (c + d))).Store(lanes);
            Round(a, b, upperHalves).Store((ushort*)scores);
            Round(c, d, upperHalves).Store((ushort*)scores + 32);
        }
    }

    /// <summary>2^t for finite t of at most 0: 1 at 0, 0 below -150, NaN for a NaN; relative error below 3.2e-6.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<float> Exp2(Vector512<float> t)
    {
        var f = t - Avx512F.RoundScale(t, Down);
        var p = Vector512.FusedMultiplyAdd(Vector512.Create(C4), f, Vector512.Create(C3));
        p = Vector512.FusedMultiplyAdd(p, f, Vector512.Create(C2));
        p = Vector512.FusedMultiplyAdd(p, f, Vector512.Create(C1));
        p = Vector512.FusedMultiplyAdd(p, f, Vector512<float>.One);
        return Avx512F.Scale(p, t);
    }

    // A NaN stays one: what reaches here has no bits in its lower half, from which alone the sum could carry over into the sign.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ushort> Round(Vector512<float> low, Vector512<float> high, Vector512<ushort> upperHalves)
    {
        var half = Vector512.Create(0x8000u);
        return Avx512BW.PermuteVar32x16x2((low.AsUInt32() + half).AsUInt16(), upperHalves, (high.AsUInt32() + half).AsUInt16());
    }

    private static Vector512<ushort> UpperHalves()
    {
        var words = Vector512.CreateSequence(1u, 4u);
        return (words | ((words + Vector512.Create(2u)) << 16)).AsUInt16();
    }
}
