using AkkaCp.Npu.Cpu.Products.Packing;

namespace AkkaCp.Npu.Cpu.Products;

/// <summary>The checked arguments of a product; the groups' matrices and rows stand beside it.</summary>
internal unsafe ref struct ProductCall
{
    public TensorView X;

    /// <summary>Row of x for each row of y; null = the same.</summary>
    public int* Index;

    /// <summary>Rows of y.</summary>
    public int Rows;

    /// <summary>The first group's matrix, whose shape, type and layout all have.</summary>
    public CpuPackedMatrix Weights;
    public float* Bias;
    public TensorView Y;
}
