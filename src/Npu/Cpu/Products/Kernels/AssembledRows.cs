using AkkaCp.Npu.Cpu.Elementwise;

namespace AkkaCp.Npu.Cpu.Products.Kernels;

/// <summary>Rows of x as assembled tiles read them: words below each other at the start of the block's scratch.</summary>
internal readonly unsafe ref struct AssembledRows
{
    private readonly ref readonly MatMulBlock _block;
    private readonly bool _pairs;

    /// <summary>Prepares one block; <paramref name="pairs"/> when a word is two BF16 values, else it is an F32.</summary>
    public AssembledRows(in MatMulBlock block, bool pairs)
    {
        _block = ref block;
        _pairs = pairs;
    }

    /// <summary>Packs <paramref name="count"/> words of each row from word <paramref name="k"/> on.</summary>
    public void Pack(int k, int count)
    {
        var stride = AssembledBlocking.RowBytes(count);
        for (var t = 0; t < _block.Rows; t++)
        {
            var packed = (byte*)_block.Scratch + ((nint)t * stride);
            if (_pairs)
                PackPairs(t, 2 * k, Math.Min(2 * count, _block.K - (2 * k)), (ushort*)packed);
            else
                new ReadOnlySpan<float>(_block.Row(t) + k, count).CopyTo(new Span<float>(packed, count));
        }
    }

    private void PackPairs(int t, int first, int inputs, ushort* packed)
    {
        if (_block.Rounded)
            new ReadOnlySpan<ushort>(_block.RoundedRow(t) + first, inputs).CopyTo(new Span<ushort>(packed, inputs));
        else
            Cast.ToBF16(_block.Row(t) + first, packed, inputs);

        if (inputs % 2 != 0)
            packed[inputs] = 0;
    }
}
