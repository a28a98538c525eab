using Xunit;

namespace AkkaCp.Npu.Tests.Cpu;

/// <summary>A strided F32 or BF16 view whose surroundings (before, after, gaps between rows) must not be written.</summary>
internal sealed class FencedTensor : IDisposable
{
    private const byte Guard = 0xA5;
    private const int Fence = 64;
    private readonly Tensor _memory;
    private readonly int _start;

    public FencedTensor(TensorPool pool, DType dtype, int[] shape, int gap = 0)
    {
        var rowLength = shape.Skip(1).Aggregate(1, (a, b) => a * b);
        var stride = rowLength + gap;
        var elements = (2 * Fence) + (shape[0] * stride);
        _memory = pool.Rent(dtype, elements);
        _memory.View.Bytes().Fill(Guard);
        _start = Fence;
        unsafe
        {
            var first = (byte*)_memory.View.Data + (_start * dtype.Bytes());
            View = new TensorView(first, dtype, shape, stride);
        }
    }

    public TensorView View { get; }

    public static implicit operator TensorView(FencedTensor tensor) => tensor.View;

    public FencedTensor Write(ReadOnlySpan<float> values)
    {
        for (var row = 0; row < View.Rows; row++)
            values.Slice(row * View.RowLength, View.RowLength).CopyTo(View.RowF32(row));

        return this;
    }

    public float[] Read()
    {
        var values = new float[View.Count];
        for (var row = 0; row < View.Rows; row++)
            View.RowF32(row).CopyTo(values.AsSpan(row * View.RowLength));

        return values;
    }

    public ushort[] ReadBF16()
    {
        var values = new ushort[View.Count];
        for (var row = 0; row < View.Rows; row++)
            View.RowBF16(row).CopyTo(values.AsSpan(row * View.RowLength));

        return values;
    }

    public void AssertFence()
    {
        var size = View.DType.Bytes();
        var bytes = _memory.View.Bytes();
        for (var i = 0; i < bytes.Length; i++)
        {
            var element = (i / size) - _start;
            var inside = element >= 0 && View.RowStride > 0 && element / View.RowStride < View.Rows
                && element % View.RowStride < View.RowLength;
            if (!inside && bytes[i] != Guard)
                Assert.Fail($"byte {i} outside the view {View} was written");
        }
    }

    public void Dispose() => _memory.Dispose();
}
