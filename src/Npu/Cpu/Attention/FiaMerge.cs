using System.Runtime.Intrinsics;
using AkkaCp.Npu.Cpu.Simd;

namespace AkkaCp.Npu.Cpu.Attention;

/// <summary>
/// Joins the sums of two runs of keys: max = max(t, s), sums = t.sums · exp(u · (t.max - max)) + s.sums · exp(u · (s.max - max)), u the
/// unit of scores, the second product fused into the addition. A row that saw nothing in s keeps its bits: its sums are multiplied by
/// exactly 1 and 0 is added.
/// </summary>
internal static unsafe class FiaMerge
{
    /// <summary>total = total joined with <paramref name="next"/>, row by row; the order of calls is part of the result.</summary>
    public static void AddInPlace(FiaSums total, FiaSums next, int rows, int sumWidth, float unit)
    {
        if (Vector512.IsHardwareAccelerated)
            AddInPlace<Simd512, Vector512<float>>(total, next, rows, sumWidth, unit);
        else if (Vector256.IsHardwareAccelerated)
            AddInPlace<Simd256, Vector256<float>>(total, next, rows, sumWidth, unit);
        else
            AddInPlace<Simd128, Vector128<float>>(total, next, rows, sumWidth, unit);
    }

    private static void AddInPlace<TSimd, TVector>(FiaSums total, FiaSums next, int rows, int sumWidth, float unit)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        for (var r = 0; r < rows; r++)
        {
            var max = Math.Max(total.Max[r], next.Max[r]);
            var (mine, other) = (Factor(total.Max[r], max, unit), Factor(next.Max[r], max, unit));
            total.Max[r] = max;
            Join<TSimd, TVector>(total.Sum + ((nint)r * sumWidth), mine, next.Sum + ((nint)r * sumWidth), other, sumWidth);
            Join<TSimd, TVector>(total.Weight + (r * Fia.WeightLanes), mine, next.Weight + (r * Fia.WeightLanes), other, Fia.WeightLanes);
        }
    }

    // Equal infinities have no difference; they mean the same maximum.
    private static float Factor(float max, float newMax, float unit) => max == newMax ? 1f : VectorMath.Exp((max - newMax) * unit);

    // count is a multiple of 16.
    private static void Join<TSimd, TVector>(float* total, float mine, float* next, float other, int count)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        var (a, b) = (TSimd.Create(mine), TSimd.Create(other));
        for (var i = 0; i < count; i += TSimd.Count)
            TSimd.Store(TSimd.MultiplyAdd(TSimd.Load(next + i), b, TSimd.Multiply(TSimd.Load(total + i), a)), total + i);
    }
}
