using AkkaCp.Npu.Cpu;
using AkkaCp.Testing;

namespace AkkaCp.Npu.Tests.Attention;

/// <summary>Paged caches that hold a case's keys and values in shuffled blocks; slots nobody owns hold NaN.</summary>
internal sealed class PagedKv : IDisposable
{
    private const float Garbage = float.NaN;
    private readonly Tensor _key;
    private readonly Tensor _value;

    public PagedKv(CpuDevice device, AttentionCase c, int blockSize, DType dtype, int seed)
    {
        var rng = new Rng((ulong)seed);
        var pages = Enumerable.Range(0, c.Requests).Select(b => (c.KeyRows(b) + blockSize - 1) / blockSize).ToArray();
        var width = pages.Max() + 1;
        var blocks = pages.Sum() + 2;
        var numbers = Shuffle(rng, blocks);
        Table = new int[c.Requests * width];
        Table.AsSpan().Fill(-1);
        _key = device.Memory.Rent(dtype, blocks, blockSize, c.KvHeads, c.D);
        _value = device.Memory.Rent(dtype, blocks, blockSize, c.KvHeads, c.D);
        Fill(_key, Garbage);
        Fill(_value, Garbage);
        var next = 0;
        for (var b = 0; b < c.Requests; b++)
        {
            for (var page = 0; page < pages[b]; page++)
                Table[(b * width) + page] = numbers[next++];

            for (var k = 0; k < c.KeyRows(b); k++)
            {
                var slot = (Table[(b * width) + (k / blockSize)] * blockSize) + (k % blockSize);
                Write(_key, slot, c.Keys[b].AsSpan(k * c.KvHeads * c.D, c.KvHeads * c.D));
                Write(_value, slot, c.Values[b].AsSpan(k * c.KvHeads * c.D, c.KvHeads * c.D));
            }
        }
    }

    public int[] Table { get; }

    public TensorView Key => _key;

    public TensorView Value => _value;

    public void Dispose()
    {
        _key.Dispose();
        _value.Dispose();
    }

    private static int[] Shuffle(Rng rng, int count)
    {
        var numbers = Enumerable.Range(0, count).ToArray();
        for (var i = count - 1; i > 0; i--)
        {
            var j = rng.Next(i + 1);
            (numbers[i], numbers[j]) = (numbers[j], numbers[i]);
        }

        return numbers;
    }

    private static void Fill(TensorView cache, float value)
    {
        for (var block = 0; block < cache.Rows; block++)
        {
            for (var slot = 0; slot < cache[1]; slot++)
                Write(cache, (block * cache[1]) + slot, Enumerable.Repeat(value, cache[2] * cache[3]).ToArray());
        }
    }

    private static void Write(TensorView cache, int slot, ReadOnlySpan<float> row)
    {
        var slots = cache.Reshape(cache.Rows * cache[1], cache[2] * cache[3]);
        if (cache.DType == DType.F32)
        {
            row.CopyTo(slots.RowF32(slot));
            return;
        }

        var target = slots.RowBF16(slot);
        for (var i = 0; i < row.Length; i++)
            target[i] = (ushort)(BitConverter.SingleToUInt32Bits(Reference.RoundToBF16(row[i])) >> 16);
    }
}
