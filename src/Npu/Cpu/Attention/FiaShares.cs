namespace AkkaCp.Npu.Cpu.Attention;

/// <summary>Memory for the sums of divided tiles, one piece each; it grows and is kept, as the scratch of the workers is.</summary>
internal sealed unsafe class FiaShares(DeviceResources resources)
{
    private float* _memory;
    private long _capacity;
    private int _rows;
    private int _sumWidth;

    /// <summary>The sums of share <paramref name="share"/>.</summary>
    public FiaSums this[int share] => FiaSums.At(_memory + ((nint)share * FiaSums.Floats(_rows, _sumWidth)), _rows, _sumWidth);

    /// <summary>Makes room for <paramref name="count"/> shares of up to <paramref name="rows"/> rows; what they held is lost.</summary>
    public void Reserve(int count, int rows, int sumWidth)
    {
        (_rows, _sumWidth) = (rows, sumWidth);
        var floats = (long)count * FiaSums.Floats(rows, sumWidth);
        if (floats > _capacity)
        {
            Free();
            _memory = (float*)resources.Allocate((nuint)floats * sizeof(float));
            _capacity = floats;
        }
    }

    /// <summary>Gives the memory back.</summary>
    public void Free()
    {
        resources.Free((nint)_memory);
        _memory = null;
        _capacity = 0;
    }
}
