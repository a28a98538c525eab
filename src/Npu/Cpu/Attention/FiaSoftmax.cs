using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using AkkaCp.Npu.Cpu.Simd;

namespace AkkaCp.Npu.Cpu.Attention;

/// <summary>Scores of a block to weights, some rows at a time: the step of the online softmax between the two products.</summary>
internal static unsafe class FiaSoftmax<TSimd, TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    private const int Columns = Fia.PanelColumns;
    private const int Lanes = Fia.WeightLanes;

    /// <summary>Sets scores [first, end) to <paramref name="no"/> outside [low, high) and where <paramref name="hidden"/>
    /// (when not empty) is not 0.</summary>
    public static void Hide(
        float* scores, int first, int end, int low, int high, ReadOnlySpan<byte> hidden, float no = float.NegativeInfinity)
    {
        var (from, to) = (Math.Clamp(low, first, end), Math.Clamp(high, first, end));
        if (from >= to)
            (from, to) = (end, end);

        new Span<float>(scores + first, from - first).Fill(no);
        new Span<float>(scores + to, end - to).Fill(no);
        for (var k = from; k < to && !hidden.IsEmpty; k++)
            scores[k] = hidden[k] == 0 ? scores[k] : no;
    }

    /// <summary>
    /// For each row: max' = max(max, scores), decay = exp(max - max'), scores = exp(scores - max'), lanes = lanes · decay + scores.
    /// A row whose scores are all -inf keeps its maximum, with decay 1 and weights 0.
    /// </summary>
    /// <param name="scores">Rows <paramref name="stride"/> apart; panels [firstPanel, endPanel) of 32 count.</param>
    /// <param name="stride">Floats from one row of scores to the next.</param>
    /// <param name="firstPanel">First panel that holds a visible key.</param>
    /// <param name="endPanel">Panel behind the last of those.</param>
    /// <param name="rows">At most 16.</param>
    /// <param name="max">[rows].</param>
    /// <param name="decay">[rows], written.</param>
    /// <param name="lanes">[rows, 16].</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Weigh(
        float* scores, int stride, int firstPanel, int endPanel, int rows, float* max, float* decay, float* lanes)
    {
        var exponents = stackalloc float[Lanes];
        for (var r = 0; r < Lanes; r++)
            exponents[r] = 0f;

        for (var r = 0; r < rows; r++)
        {
            var newMax = Math.Max(max[r], Largest(scores + (r * stride), firstPanel, endPanel));

            // A row that has seen nothing yet has sums of 0, which nothing need multiply.
            exponents[r] = max[r] == newMax || max[r] == float.NegativeInfinity ? 0f : max[r] - newMax;
            max[r] = newMax;
        }

        for (var r = 0; r < rows; r += TSimd.Count)
            TSimd.Store(TSimd.Exp(TSimd.Load(exponents + r)), exponents + r);

        for (var r = 0; r < rows; r++)
        {
            decay[r] = exponents[r];
            WeighRow(scores + (r * stride), firstPanel, endPanel, max[r], decay[r], lanes + (r * Lanes));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Largest(float* scores, int firstPanel, int endPanel)
    {
        if (TSimd.Count == Vector256<float>.Count)
            return FiaSoftmaxRow.Largest(scores, firstPanel, endPanel);

        var largest = TSimd.Create(float.NegativeInfinity);
        for (var k = firstPanel * Columns; k < endPanel * Columns; k += TSimd.Count)
            largest = TSimd.Max(largest, TSimd.Load(scores + k));

        return TSimd.MaxAcross(largest);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WeighRow(float* scores, int firstPanel, int endPanel, float max, float decay, float* lanes)
    {
        if (TSimd.Count == Vector256<float>.Count)
        {
            FiaSoftmaxRow.Weigh(scores, firstPanel, endPanel, max, decay, lanes);
            return;
        }

        // Nothing seen yet: any finite number gives hidden keys a weight of 0, and lets a NaN through.
        var maximum = TSimd.Create(max == float.NegativeInfinity ? 0f : max);
        for (var lane = 0; lane < Lanes; lane += TSimd.Count)
        {
            var sum = TSimd.Multiply(TSimd.Load(lanes + lane), TSimd.Create(decay));
            for (var k = (firstPanel * Columns) + lane; k < endPanel * Columns; k += Lanes)
            {
                var weight = TSimd.Exp(TSimd.Subtract(TSimd.Load(scores + k), maximum));
                TSimd.Store(weight, scores + k);
                sum = TSimd.Add(sum, weight);
            }

            TSimd.Store(sum, lanes + lane);
        }
    }
}
