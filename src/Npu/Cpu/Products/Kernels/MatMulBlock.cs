namespace AkkaCp.Npu.Cpu.Products.Kernels;

/// <summary>One block of a product: some rows of x against some panels of one matrix.</summary>
internal unsafe struct MatMulBlock
{
    /// <summary>First row of x, <see cref="XStride"/> floats apart.</summary>
    public float* X;
    public nint XStride;

    /// <summary>Which row of x each row of the block is, counted from <see cref="X"/>; null = they follow each other.</summary>
    public int* Index;

    /// <summary>True when x is BF16 already, which only kernels that round it so meet;
    /// <see cref="XStride"/> counts its elements then.</summary>
    public bool Rounded;

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

    /// <summary>True when y is larger than the caches: its rows are stored past them.</summary>
    public bool Streams;

    /// <summary>True when the last block on this scratch had the same rows and K: where it left all of them packed,
    /// they are there.</summary>
    public bool RowsPacked;

    /// <summary>The variant's scratch, the worker's own.</summary>
    public float* Scratch;

    /// <summary>Row <paramref name="t"/> of the block, where it is F32.</summary>
    public readonly float* Row(int t) => X + ((Index is null ? t : Index[t]) * XStride);

    /// <summary>Row <paramref name="t"/> of the block, where it is BF16.</summary>
    public readonly ushort* RoundedRow(int t) => (ushort*)X + ((Index is null ? t : Index[t]) * XStride);
}
