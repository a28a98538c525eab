using System.Runtime.Intrinsics;

namespace AkkaCp.Npu.Cpu.Kernels;

/// <summary>
/// Attention of one tile of query rows against the keys they see, in blocks of <see cref="Block"/> keys at fixed absolute positions
/// (block j holds keys 64j to 64j+63 of its request), with the online softmax of FlashAttention (arXiv 2205.14135, 2307.08691).
/// <para>A row's arithmetic: score of a key = one chain of fused multiply-adds over d; block maximum; weights exp(score - max);
/// 16 lane sums of weights; sums of values = one chain over the block's keys, after multiplying by exp(old max - new max). A hidden key
/// has weight 0 and changes nothing, a block without visible keys is skipped or multiplies by exactly 1. So a row's bits depend on
/// that row, its visible keys and their values, not on the tile, layout or paging. (A sum of -0 and one of +0 may meet hidden keys
/// differently: results are written as sum / weight + 0, which has no -0.)</para>
/// </summary>
internal static class Fia
{
    /// <summary>Keys of a block: packed keys and values of D = 128 take 32 KiB each, two panels of 16 KiB that stay in L1.</summary>
    public const int Block = 64;

    /// <summary>Partial sums of weights per row, whatever the vector width.</summary>
    public const int WeightLanes = 16;

    /// <summary>Columns of a panel.</summary>
    public const int PanelColumns = 32;

    /// <summary>Floats of a row's value sums: D rounded up to whole panels.</summary>
    public static int SumWidth(int headDim) => (headDim + PanelColumns - 1) / PanelColumns * PanelColumns;

    /// <summary>Computes and writes the tile's output rows and their log-sum-exp.</summary>
    public static void Compute(in FiaProblem problem, in FiaTask task, FiaScratch scratch)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Compute<Simd512, Vector512<float>>(problem, task, scratch);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Compute<Simd256, Vector256<float>>(problem, task, scratch);
        }
        else
        {
            Compute<Simd128, Vector128<float>>(problem, task, scratch);
        }
    }

    private static void Compute<TSimd, TVector>(in FiaProblem problem, in FiaTask task, FiaScratch scratch)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        if (problem.KvType == DType.F32)
        {
            FiaLoop<TSimd, TVector, KvF32>.Compute(problem, task, scratch);
        }
        else
        {
            FiaLoop<TSimd, TVector, KvBF16>.Compute(problem, task, scratch);
        }
    }
}
