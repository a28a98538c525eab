using System.Runtime.Intrinsics;

namespace AkkaCp.Npu.Cpu.Kernels;

/// <summary>y = x·Wᵀ (+ bias) of one <see cref="MatMulBlock"/>, with the widest vectors that the CPU has.</summary>
internal static unsafe class MatMul
{
    /// <summary>Most rows of one block.</summary>
    public const int MaxRows = 144;

    /// <summary>
    /// Inputs of one pass. A pass' rows (144 × 768 × 4 B = 432 KiB) stay in L2 of 1 MiB while the panels go by, two of which
    /// (768 × 32 × 4 B = 96 KiB each, BF16 half) fit beside them; tiles stream from there. Shorter passes keep a panel in L1,
    /// yet measured slower (320: 72 %, 512: 81 %, 768: 88 % of the FMA limit at 2048³), as each pass reads and writes all of y.
    /// </summary>
    public const int BlockK = 768;

    /// <summary>Floats of packed rows in the scratch.</summary>
    public const int PackedFloats = MaxRows * BlockK;

    /// <summary>Floats of the edge tile behind them: 12 rows of a panel, or one row of four panels.</summary>
    public const int EdgeFloats = 12 * CpuPackedMatrix.PanelWidth;

    /// <summary>Floats of the zeros behind that, which sums without a bias begin with. Nobody writes them.</summary>
    public const int ZeroFloats = 4 * CpuPackedMatrix.PanelWidth;

    /// <summary>Floats of scratch that each worker brings, zeroed once.</summary>
    public const int ScratchFloats = PackedFloats + EdgeFloats + ZeroFloats;

    /// <summary>Computes the block.</summary>
    public static void Compute(in MatMulBlock block, DType weights)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Compute<Simd512, Vector512<float>>(block, weights);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Compute<Simd256, Vector256<float>>(block, weights);
        }
        else
        {
            Compute<Simd128, Vector128<float>>(block, weights);
        }
    }

    private static void Compute<TSimd, TVector>(in MatMulBlock block, DType weights)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        if (weights == DType.F32)
        {
            MatMulLoop<TSimd, TVector, PanelF32<TSimd, TVector>>.Compute(block);
        }
        else
        {
            MatMulLoop<TSimd, TVector, PanelBF16<TSimd, TVector>>.Compute(block);
        }
    }
}
