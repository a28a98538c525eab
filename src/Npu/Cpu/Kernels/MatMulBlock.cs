namespace AkkaCp.Npu.Cpu.Kernels;

/// <summary>One block of a product: some rows of x against some panels of one matrix.</summary>
internal unsafe struct MatMulBlock
{
    /// <summary>First row of x, <see cref="XStride"/> floats apart.</summary>
    public float* X;
    public nint XStride;

    /// <summary>Rows, at most the variant's most.</summary>
    public int Rows;

    /// <summary>Length of the sum.</summary>
    public int K;

    /// <summary>First panel, <see cref="PanelBytes"/> apart.</summary>
    public byte* Panel;
    public nint PanelBytes;
    public int Panels;

    /// <summary>Real outputs of those panels; the last panel may have fewer than 32.</summary>
    public int Columns;

    /// <summary>Value that each output's sum begins with, by column; null = zero.</summary>
    public float* Bias;

    /// <summary>First result, <see cref="YStride"/> floats apart.</summary>
    public float* Y;
    public nint YStride;

    /// <summary>The variant's scratch, the worker's own.</summary>
    public float* Scratch;
}
