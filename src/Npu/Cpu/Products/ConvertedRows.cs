using AkkaCp.Npu.Cpu.Elementwise;
using AkkaCp.Npu.Cpu.Products.Packing;
using AkkaCp.Npu.Cpu.Threads;

namespace AkkaCp.Npu.Cpu.Products;

/// <summary>
/// The rows of x as a product's tiles read them, made once where several items or groups need them: quantised, with their scales, or
/// rounded to BF16. Native memory that grows to the largest product and is kept, so that a steady step takes none. The device owns it; it
/// is not part of its memory counters.
/// </summary>
internal sealed unsafe class ConvertedRows(DeviceResources resources)
{
    private byte* _memory;
    private nuint _bytes;

    /// <summary>First row: bytes q + 128, or BF16.</summary>
    public byte* Rows { get; private set; }

    /// <summary>Bytes from row to row.</summary>
    public nint Stride { get; private set; }

    /// <summary>One scale for each row.</summary>
    public float* Scales => (float*)_memory;

    /// <summary>Makes room for <paramref name="rows"/> rows of <paramref name="rowBytes"/> bytes; what was there is lost.</summary>
    /// <exception cref="OutOfMemoryException">The system has no memory left.</exception>
    public void Reserve(int rows, nint rowBytes)
    {
        // An odd number of lines, so that a tile's rows lie in different cache sets; whole words.
        Stride = (((rowBytes + 63) / 64) | 1) * 64;
        var scaleBytes = (((nuint)rows * sizeof(float)) + 63) / 64 * 64;
        var bytes = scaleBytes + ((nuint)rows * (nuint)Stride);
        if (bytes > _bytes)
        {
            Free();
            _memory = (byte*)resources.Allocate(bytes);
            _bytes = bytes;
        }

        Rows = _memory + scaleBytes;
    }

    /// <summary>Gives the memory back.</summary>
    public void Free()
    {
        resources.Free((nint)_memory);
        _memory = null;
        _bytes = 0;
    }
}

/// <summary>Quantises one row of x; the bytes behind K, up to a whole word, meet weights of zero.</summary>
internal readonly unsafe struct DynamicQuantRow(TensorView x, byte* rows, nint stride, float* scales) : IRowWork
{
    /// <inheritdoc/>
    public void Execute(int row)
    {
        var source = (float*)x.Data + ((nint)row * x.RowStride);
        var scale = DynamicQuant.Scale(source, x.RowLength);
        DynamicQuant.Quantize(source, x.RowLength, scale, rows + (row * stride));
        scales[row] = scale;
    }
}

/// <summary>Quantises one row of x as <see cref="SplitX"/> says.</summary>
internal readonly unsafe struct SplitQuantRow(TensorView x, byte* rows, nint stride, float* scales) : IRowWork
{
    /// <inheritdoc/>
    public void Execute(int row)
    {
        var source = (float*)x.Data + ((nint)row * x.RowStride);
        scales[row] = DynamicQuant.Scale(source, x.RowLength);
        SplitX.Quantize(source, x.RowLength, scales[row], rows + (row * stride));
    }
}

/// <summary>Rounds one row of x to BF16.</summary>
internal readonly unsafe struct RoundRow(TensorView x, byte* rows, nint stride) : IRowWork
{
    /// <inheritdoc/>
    public void Execute(int row) =>
        Cast.ToBF16((float*)x.Data + ((nint)row * x.RowStride), (ushort*)(rows + (row * stride)), x.RowLength);
}
