using AkkaCp.Npu.Cpu.Simd;

namespace AkkaCp.Npu.Cpu.Attention;

/// <summary>The online softmax of R rows over some of their keys: what is known of a row when those keys have been walked.</summary>
/// <param name="sum">[R, Dv] sums of weighted values.</param>
/// <param name="weight">[R, 16] sums of weights, lane by lane.</param>
/// <param name="max">[R] the largest score; -inf when there was none.</param>
internal readonly unsafe struct FiaSums(float* sum, float* weight, float* max)
{
    /// <summary>[R, Dv] sums of weighted values.</summary>
    public float* Sum => sum;

    /// <summary>[R, 16] sums of weights, lane by lane.</summary>
    public float* Weight => weight;

    /// <summary>[R] the largest score; -inf when there was none.</summary>
    public float* Max => max;

    /// <summary>Floats that <paramref name="rows"/> rows take, rows in whole groups of 8.</summary>
    public static int Floats(int rows, int sumWidth) => rows * (sumWidth + Fia.WeightLanes + 1);

    /// <summary>Lays the sums of <paramref name="rows"/> rows over memory of <see cref="Floats"/> floats.</summary>
    public static FiaSums At(float* memory, int rows, int sumWidth)
    {
        var weight = memory + ((nint)rows * sumWidth);
        return new FiaSums(memory, weight, weight + ((nint)rows * Fia.WeightLanes));
    }

    /// <summary>Multiplies a row's sum of values. Most maxima stay what they are, and 1 changes nothing.</summary>
    public void Rescale<TSimd, TVector>(int row, float decay, int sumWidth)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        var at = sum + ((nint)row * sumWidth);
        for (var d = 0; decay != 1f && d < sumWidth; d += TSimd.Count)
            TSimd.Store(TSimd.Multiply(TSimd.Load(at + d), TSimd.Create(decay)), at + d);
    }

    /// <summary>Nothing seen yet.</summary>
    public void Clear(int rows, int sumWidth)
    {
        new Span<float>(sum, rows * sumWidth).Clear();
        new Span<float>(weight, rows * Fia.WeightLanes).Clear();
        new Span<float>(max, rows).Fill(float.NegativeInfinity);
    }
}
