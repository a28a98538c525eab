namespace AkkaCp.Npu.Cpu.Products.Kernels;

/// <summary>One block of a product with quantised weights: some quantised rows of x against some panels of one matrix.</summary>
internal unsafe struct QuantBlock
{
    /// <summary>First row of x as the kernels read it, <see cref="XStride"/> bytes apart.</summary>
    public byte* X;
    public nint XStride;

    /// <summary>The rows' scales, where they have one for the whole row.</summary>
    public float* XScales;

    /// <summary>Rows, at most the kernels' most.</summary>
    public int Rows;

    /// <summary>Length of the sum.</summary>
    public int K;

    /// <summary>First panel, <see cref="PanelBytes"/> apart.</summary>
    public byte* Panel;
    public nint PanelBytes;
    public int Panels;

    /// <summary>Real outputs of those panels; the last panel may have fewer than 32.</summary>
    public int Columns;

    /// <summary>Added to each output, by column; null = nothing.</summary>
    public float* Bias;

    /// <summary>First result, <see cref="YStride"/> floats apart. Between passes over K it holds the integer sums.</summary>
    public float* Y;
    public nint YStride;

    /// <summary>True when y is larger than the caches: its rows are stored past them.</summary>
    public bool Streams;

    /// <summary>The worker's own scratch.</summary>
    public float* Scratch;
}
