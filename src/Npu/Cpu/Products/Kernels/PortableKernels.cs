using AkkaCp.Npu.Cpu.Products.Packing;
using AkkaCp.Npu.Cpu.Simd;

namespace AkkaCp.Npu.Cpu.Products.Kernels;

/// <summary>
/// Products in C# over vectors of one width; those with I8 weights may be assembled. BF16 weights are widened and meet F32 activations:
/// every element is one chain of fused multiply-adds, the same bits at every width.
/// </summary>
internal sealed class PortableKernels<TSimd, TVector>(string name, IntegerKernels integers) : KernelVariant
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    /// <inheritdoc/>
    public override string Name => name;

    /// <inheritdoc/>
    public override string Numerics => NumericsIds.Portable;

    /// <inheritdoc/>
    public override BF16Packing BF16Packing => BF16Packing.Halves;

    /// <inheritdoc/>
    public override int TileRows => 12;

    /// <inheritdoc/>
    public override int MaxRows => MatMul.MaxRows;

    /// <inheritdoc/>
    public override bool KeepsRows(int rows, int k, DType weights) => k <= MatMul.StepFor(rows);

    /// <inheritdoc/>
    public override int ScratchFloats => MatMul.ScratchFloats;

    /// <inheritdoc/>
    public override IntegerKernels Integers => integers;

    /// <inheritdoc/>
    public override void Compute(in MatMulBlock block, DType weights)
    {
        if (weights == DType.F32)
            MatMulLoop<TSimd, TVector, PanelF32<TSimd, TVector>>.Compute(block);
        else
            MatMulLoop<TSimd, TVector, PanelBF16<TSimd, TVector>>.Compute(block);
    }
}
