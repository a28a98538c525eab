using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using AkkaCp.Npu.Cpu.Simd;

namespace AkkaCp.Npu.Cpu.Attention;

/// <summary>Queries and the online softmax of 8 rows that see the same keys, a row in each lane of a vector of AVX.</summary>
internal static unsafe class FiaLanes
{
    private const int Rows = Fia.GroupRows;
    private const int WeightLanes = Fia.WeightLanes;

    // Keys whose weights are made side by side.
    private const int Step = 4;

    /// <summary>[8][D] to [D][8], in place, D a multiple of 8; <paramref name="spare"/> holds 8 · D floats.</summary>
    public static void Turn(float* queries, int headDim, float* spare)
    {
        new Span<float>(queries, Rows * headDim).CopyTo(new Span<float>(spare, Rows * headDim));
        for (var d = 0; d < headDim; d += 8)
            Turn8(spare + d, headDim, queries + (d * Rows), Rows);
    }

    /// <summary>
    /// max' = max(max, scores), decay = exp(max - max'), scores = exp(scores - max'), lanes = lanes · decay + scores, as
    /// <see cref="FiaSoftmax{TSimd, TVector}"/> does; key k counts in lane k modulo 16.
    /// </summary>
    /// <param name="scores">[64][8]; keys outside [from, end) may hold anything, and get weight 0 up to the next four.</param>
    /// <param name="from">First key.</param>
    /// <param name="end">Key behind the last, above <paramref name="from"/>.</param>
    /// <param name="max">[8].</param>
    /// <param name="decay">[8], written.</param>
    /// <param name="lanes">[8, 16].</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Weigh(float* scores, int from, int end, float* max, float* decay, float* lanes)
    {
        var none = Vector256.Create(float.NegativeInfinity);
        var (first, last) = (from / Step * Step, (end + Step - 1) / Step * Step);
        for (var k = first; k < from; k++)
            none.Store(scores + (k * Rows));

        for (var k = end; k < last; k++)
            none.Store(scores + (k * Rows));

        var (a, b) = (none, none);
        for (var k = first; k < last; k += 2)
        {
            a = Vector256.MaxNative(a, Vector256.Load(scores + (k * Rows)));
            b = Vector256.MaxNative(b, Vector256.Load(scores + ((k + 1) * Rows)));
        }

        // A row that has seen nothing yet has sums of 0, which nothing need multiply, and any finite number lets a NaN through.
        var old = Vector256.Load(max);
        var highest = Vector256.MaxNative(old, Vector256.MaxNative(a, b));
        var same = Vector256.Equals(old, highest) | Vector256.Equals(old, none);
        var factor = VectorMath.Exp(Vector256.ConditionalSelect(same, Vector256<float>.Zero, old - highest));
        highest.Store(max);
        factor.Store(decay);
        var turned = stackalloc float[WeightLanes * Rows];
        Turn8(lanes, WeightLanes, turned, Rows);
        Turn8(lanes + 8, WeightLanes, turned + (8 * Rows), Rows);

        WeighKeys(scores, first, last, Vector256.ConditionalSelect(Vector256.Equals(highest, none), Vector256<float>.Zero, highest),
            factor, turned);
        Turn8(turned, Rows, lanes, WeightLanes);
        Turn8(turned + (8 * Rows), Rows, lanes + 8, WeightLanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void WeighKeys(float* scores, int first, int last, Vector256<float> maximum, Vector256<float> decay, float* lanes)
    {
        for (var lane = 0; lane < WeightLanes; lane++)
            (Vector256.Load(lanes + (lane * Rows)) * decay).Store(lanes + (lane * Rows));

        for (var k = first; k < last; k += Step)
        {
            var at = scores + (k * Rows);
            var sum = lanes + (k % WeightLanes * Rows);
            var (a, b) = (Vector256.Load(at) - maximum, Vector256.Load(at + Rows) - maximum);
            var (c, d) = (Vector256.Load(at + (2 * Rows)) - maximum, Vector256.Load(at + (3 * Rows)) - maximum);
            VectorMath.Exp(ref a, ref b, ref c, ref d);
            a.Store(at);
            b.Store(at + Rows);
            c.Store(at + (2 * Rows));
            d.Store(at + (3 * Rows));
            (Vector256.Load(sum) + a).Store(sum);
            (Vector256.Load(sum + Rows) + b).Store(sum + Rows);
            (Vector256.Load(sum + (2 * Rows)) + c).Store(sum + (2 * Rows));
            (Vector256.Load(sum + (3 * Rows)) + d).Store(sum + (3 * Rows));
        }
    }

    // target[j][i] = source[i][j], 8 by 8.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Turn8(float* source, nint sourceStride, float* target, nint targetStride)
    {
        for (nint half = 0; half < 8; half += 4)
        {
            // Columns half to half + 3 of rows i and i + 4.
            var at = source + half;
            var a = Vector256.Create(Vector128.Load(at), Vector128.Load(at + (4 * sourceStride)));
            var b = Vector256.Create(Vector128.Load(at + sourceStride), Vector128.Load(at + (5 * sourceStride)));
            var c = Vector256.Create(Vector128.Load(at + (2 * sourceStride)), Vector128.Load(at + (6 * sourceStride)));
            var d = Vector256.Create(Vector128.Load(at + (3 * sourceStride)), Vector128.Load(at + (7 * sourceStride)));
            var (ab, cd) = (Avx.UnpackLow(a, b).AsDouble(), Avx.UnpackLow(c, d).AsDouble());
            Avx.UnpackLow(ab, cd).AsSingle().Store(target + (half * targetStride));
            Avx.UnpackHigh(ab, cd).AsSingle().Store(target + ((half + 1) * targetStride));
            (ab, cd) = (Avx.UnpackHigh(a, b).AsDouble(), Avx.UnpackHigh(c, d).AsDouble());
            Avx.UnpackLow(ab, cd).AsSingle().Store(target + ((half + 2) * targetStride));
            Avx.UnpackHigh(ab, cd).AsSingle().Store(target + ((half + 3) * targetStride));
        }
    }
}
