namespace AkkaCp.Npu.Cpu.Products.Kernels;

/// <summary>One block of a product with I8 weights: some quantised rows of x against some panels of one matrix.</summary>
internal unsafe struct I8Block
{
    /// <summary>First row of x as bytes q + 128, <see cref="XStride"/> bytes apart, and the rows' scales.</summary>
    public byte* X;
    public nint XStride;
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
