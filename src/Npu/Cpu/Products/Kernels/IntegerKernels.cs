namespace AkkaCp.Npu.Cpu.Products.Kernels;

/// <summary>A variant's products with quantised weights, whose bits are the same in all variants.</summary>
/// <param name="I8">With I8 weights.</param>
/// <param name="Groups">With weights in groups.</param>
internal sealed record IntegerKernels(I8Kernels I8, GroupKernelSet Groups)
{
    /// <summary>Those of a type.</summary>
    public QuantKernels this[DType dtype] => dtype == DType.I8 ? I8 : Groups[dtype];
}
