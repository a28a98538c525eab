namespace AkkaCp.Npu.Cpu.Attention;

/// <summary>
/// One worker's memory for one attention tile. R rows of a tile, D head dimension, Dv = D rounded up to whole panels of 32,
/// B keys of a block.
/// </summary>
internal sealed unsafe class FiaScratch(DeviceResources resources)
{
    private void* _memory;
    private int _headDim;

    /// <summary>[R, D] queries times scale.</summary>
    public float* Query { get; private set; }

    /// <summary>[R, D] the same in BF16, instead and in the same place.</summary>
    public ushort* QueryPairs => (ushort*)Query;

    /// <summary>Zeros: a row of D values of any type, or a row of sums of four panels.</summary>
    public float* Zeros { get; private set; }

    /// <summary>[R] sums of the segment that is walked.</summary>
    public FiaSums Sums { get; private set; }

    /// <summary>[R] sums of the segments before it.</summary>
    public FiaSums Total { get; private set; }

    /// <summary>[R, B] scores, then weights.</summary>
    public float* Score { get; private set; }

    /// <summary>[R] factor of what was summed before this block.</summary>
    public float* Decay { get; private set; }

    /// <summary>[R] first visible key.</summary>
    public int* Low { get; private set; }

    /// <summary>[R] key behind the last visible one.</summary>
    public int* High { get; private set; }

    /// <summary>[R / 8] first key of the block that a group of 8 rows sees.</summary>
    public int* From { get; private set; }

    /// <summary>[R / 8] key of the block behind the last that a group of 8 rows sees.</summary>
    public int* End { get; private set; }

    /// <summary>Rows that the tiles of assembled products take at a time.</summary>
    public FiaRowTile[] Tiles { get; } = new FiaRowTile[FiaTiling.MaxRows];

    /// <summary>[B / 32][D][32] keys of the block.</summary>
    public float* KeyPanels { get; private set; }

    /// <summary>[Dv / 32][B][32] values of the block.</summary>
    public float* ValuePanels { get; private set; }

    /// <summary>[2, B] addresses of this block's keys and the next one's.</summary>
    public byte** KeyRows { get; private set; }

    /// <summary>[2, B] addresses of this block's values and the next one's.</summary>
    public byte** ValueRows { get; private set; }

    /// <summary>What it takes for heads of a dimension.</summary>
    public static int FloatsFor(int headDim)
    {
        var sumWidth = Fia.SumWidth(headDim);
        return (2 * FiaSums.Floats(FiaTiling.MaxRows, sumWidth)) + (FiaTiling.MaxRows * (headDim + Fia.Block + 5))
            + (Fia.Block * (headDim + sumWidth + 8)) + ZerosFor(headDim);
    }

    /// <summary>Makes room for head dimension <paramref name="headDim"/>; one worker calls it for itself.</summary>
    public void Reserve(int headDim)
    {
        if (headDim <= _headDim)
            return;

        Free();
        var sumWidth = Fia.SumWidth(headDim);
        var sums = FiaSums.Floats(FiaTiling.MaxRows, sumWidth);
        var zeros = ZerosFor(headDim);
        var at = (float*)resources.Allocate((nuint)FloatsFor(headDim) * sizeof(float));
        _memory = at;
        _headDim = headDim;
        Query = Take(ref at, FiaTiling.MaxRows * headDim);
        Sums = FiaSums.At(Take(ref at, sums), FiaTiling.MaxRows, sumWidth);
        Total = FiaSums.At(Take(ref at, sums), FiaTiling.MaxRows, sumWidth);
        Score = Take(ref at, FiaTiling.MaxRows * Fia.Block);
        Decay = Take(ref at, FiaTiling.MaxRows);
        Low = (int*)Take(ref at, FiaTiling.MaxRows);
        High = (int*)Take(ref at, FiaTiling.MaxRows);
        From = (int*)Take(ref at, FiaTiling.MaxRows);
        End = (int*)Take(ref at, FiaTiling.MaxRows);
        KeyPanels = Take(ref at, Fia.Block * headDim);
        ValuePanels = Take(ref at, Fia.Block * sumWidth);
        Zeros = Take(ref at, zeros);
        new Span<float>(Zeros, zeros).Clear();
        KeyRows = (byte**)Take(ref at, 4 * Fia.Block);
        ValueRows = (byte**)Take(ref at, 4 * Fia.Block);
    }

    /// <summary>Gives the memory back.</summary>
    public void Free()
    {
        resources.Free((nint)_memory);
        _memory = null;
        _headDim = 0;
    }

    private static int ZerosFor(int headDim) => Math.Max(headDim, 4 * Fia.PanelColumns);

    private static float* Take(ref float* at, int floats)
    {
        var piece = at;
        at += floats;
        return piece;
    }
}
