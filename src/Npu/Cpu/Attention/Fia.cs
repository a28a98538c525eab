using System.Runtime.Intrinsics;
using AkkaCp.Npu.Cpu.Simd;

namespace AkkaCp.Npu.Cpu.Attention;

/// <summary>
/// Attention of one tile of query rows against the keys they see, in blocks of <see cref="Block"/> keys at fixed absolute positions
/// (block j holds keys 64j to 64j+63 of its request), with the online softmax of FlashAttention (arXiv 2205.14135, 2307.08691).
/// <para>A row's arithmetic: score of a key = one chain of fused multiply-adds over d; block maximum; weights exp(score - max);
/// 16 lane sums of weights; sums of values = one chain over the block's keys, after multiplying by exp(old max - new max). A hidden key
/// has weight 0 and changes nothing, a block without visible keys is skipped or multiplies by exactly 1. So a row's bits depend on
/// that row, its visible keys and their values, not on the tile, layout or paging. (A sum of -0 and one of +0 may meet hidden keys
/// differently: results are written as sum / weight + 0, which has no -0.)</para>
/// <para>Keys are walked in segments of <see cref="Segment"/> at fixed absolute positions too: each starts anew, and
/// <see cref="FiaMerge"/> joins them in order. So a long row may be divided over workers without a trace in its bits.</para>
/// </summary>
internal static class Fia
{
    /// <summary>Keys of a block: packed keys and values of D = 128 take 32 KiB each, two panels of 16 KiB that stay in L1.</summary>
    public const int Block = 64;

    /// <summary>Keys of a segment: joining two costs as much as a key or two, and 4096 keys still occupy eight workers.</summary>
    public const int Segment = 512;

    /// <summary>Rows that the kernels take at a time.</summary>
    public const int GroupRows = 8;

    /// <summary>Partial sums of weights per row, whatever the vector width.</summary>
    public const int WeightLanes = 16;

    /// <summary>Columns of a panel.</summary>
    public const int PanelColumns = 32;

    /// <summary>Floats of a row's value sums: D rounded up to whole panels.</summary>
    public static int SumWidth(int headDim) => (headDim + PanelColumns - 1) / PanelColumns * PanelColumns;

    /// <summary>Rows of one key/value head in a tile: whole groups.</summary>
    public static int PaddedRows(int rows) => (rows + GroupRows - 1) / GroupRows * GroupRows;

    /// <summary>
    /// Computes the tile: writes its output rows and their log-sum-exp, or, when it is one segment of them, leaves sums in
    /// <paramref name="share"/>.
    /// </summary>
    public static void Compute(in FiaProblem problem, in FiaTask task, FiaScratch scratch, FiaSums? share)
    {
        if (problem.PairTiles is not null)
            FiaPairsLoop.Compute(problem, task, scratch, share);
        else if (Vector512.IsHardwareAccelerated)
            Compute<Simd512, Vector512<float>>(problem, task, scratch, share);
        else if (Vector256.IsHardwareAccelerated)
            Compute<Simd256, Vector256<float>>(problem, task, scratch, share);
        else
            Compute<Simd128, Vector128<float>>(problem, task, scratch, share);
    }

    /// <summary>Writes the output rows of a tile and their log-sum-exp from the sums over all their keys.</summary>
    public static void Store(in FiaProblem problem, in FiaTask task, FiaSums sums)
    {
        if (Vector512.IsHardwareAccelerated)
            FiaRows.Store<Simd512, Vector512<float>>(problem, task, sums);
        else if (Vector256.IsHardwareAccelerated)
            FiaRows.Store<Simd256, Vector256<float>>(problem, task, sums);
        else
            FiaRows.Store<Simd128, Vector128<float>>(problem, task, sums);
    }

    private static void Compute<TSimd, TVector>(in FiaProblem problem, in FiaTask task, FiaScratch scratch, FiaSums? share)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        if (problem.KvType == DType.F32)
            Compute<TSimd, TVector, KvF32>(problem, task, scratch, share);
        else
            Compute<TSimd, TVector, KvBF16>(problem, task, scratch, share);
    }

    private static void Compute<TSimd, TVector, TElement>(in FiaProblem problem, in FiaTask task, FiaScratch scratch, FiaSums? share)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
        where TElement : struct, IKvElement
    {
        if (problem.FloatTiles is null)
            FiaLoop<TSimd, TVector, TElement>.Compute(problem, task, scratch, share);
        else if (problem.Lanes is not null && FiaLoop<TSimd, TVector, TElement>.ReadsInPlace(problem, task))
            FiaLanesLoop<TElement>.Compute(problem, task, scratch, share);
        else
            FiaTilesLoop<TSimd, TVector, TElement>.Compute(problem, task, scratch, share);
    }
}
