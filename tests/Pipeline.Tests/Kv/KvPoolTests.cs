using AkkaCp.Npu;
using AkkaCp.Pipeline.Kv;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Pipeline.Tests.Kv;

public sealed class KvPoolTests
{
    private static readonly KvPoolShape s_shape =
        new() { Layers = 3, Blocks = 5, BlockSize = 16, Row = new KvRow(2, 8, 8), DType = DType.BF16 };

    [Theory]
    [InlineData(DType.F32, 3 * 2 * 5 * 16 * 2 * 8 * 4)]
    [InlineData(DType.BF16, 3 * 2 * 5 * 16 * 2 * 8 * 2)]
    public void Pool_HasAKeyAndAValueCacheForEachLayer(DType dtype, long bytes)
    {
        using var memory = new TensorPool();
        using (var pool = new KvPool(memory, s_shape with { DType = dtype }))
        {
            Assert.Equal(6, memory.LiveTensors);
            Assert.Equal(bytes, pool.Shape.Bytes);
            Assert.InRange(memory.BytesNow, bytes, (long)(bytes * 1.125));
            Assert.Equal("[5, 16, 2, 8]", pool.Keys(2).ToString());
            pool.Keys(1).FillBytes(1);
            pool.Values(1).FillBytes(2);
            Assert.True(pool.Keys(1).ReadBytes().IndexOfAnyExcept((byte)1) < 0);
        }

        Assert.Equal(0, memory.LiveTensors);
    }

    [Fact]
    public void WrongSizes_AreNamedAllAtOnce()
    {
        using var memory = new TensorPool();
        var wrong = new KvPoolShape { Layers = 0, Blocks = 1, BlockSize = 20, Row = new KvRow(-1, 0, 0), DType = DType.F32 };
        var error = Assert.Throws<ArgumentException>(() => new KvPool(memory, wrong));
        foreach (var name in (string[])["Layers", "Blocks", "BlockSize", "KvHeads", "KeyDim", "ValueDim"])
            Assert.Contains($"{name}: expected", error.Message, StringComparison.Ordinal);

        Assert.Throws<ArgumentException>(() => (s_shape with { Blocks = int.MaxValue }).Validate());
        Assert.Throws<ArgumentException>(() => (s_shape with { BlockSize = 1040 }).Validate());
        Assert.Equal(0, memory.LiveTensors);
    }

    [Fact]
    public void Slot_IsBlockTimesSizePlusOffset()
    {
        var table = new BlockTable(16);
        table.Append([7, 2]);
        Assert.Equal(7 * 16, table.Slot(0));
        Assert.Equal((7 * 16) + 15, table.Slot(15));
        Assert.Equal((2 * 16) + 1, table.Slot(17));
        Assert.Equal(32, table.CapacityTokens);
        Assert.Throws<ArgumentOutOfRangeException>(() => table.Slot(32));
        Assert.Throws<ArgumentOutOfRangeException>(() => table.Slot(-1));

        table.Append([9]);
        Assert.Equal(9 * 16, table.Slot(32));
        var row = new int[4];
        table.CopyTo(row);
        Assert.Equal([7, 2, 9, 0], row);
        Assert.Throws<ArgumentException>(() => table.CopyTo(new int[2]));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(16, 1)]
    [InlineData(17, 2)]
    [InlineData(int.MaxValue, 134217728)]
    public void BlocksFor_RoundsUp(int tokens, int blocks) => Assert.Equal(blocks, BlockTable.BlocksFor(tokens, 16));
}
