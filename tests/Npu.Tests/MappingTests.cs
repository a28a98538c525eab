using System.Runtime.CompilerServices;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Npu.Tests;

public sealed class MappingTests
{
    [Fact]
    public unsafe void HostMemory_IsMappedInPlace()
    {
        using var pool = new TensorPool();
        using var tensor = pool.Rent(DType.F32, 3, 5);
        var rows = tensor.View.Slice(1, 2);

        using (var write = rows.MapWrite())
        {
            Assert.True(Unsafe.AreSame(ref write.Bytes[0], ref *(byte*)rows.Data));
            write.F32.Fill(2.5f);
        }

        using var read = rows.MapRead();
        Assert.True(Unsafe.AreSame(in read.Bytes[0], in *(byte*)rows.Data));
        Assert.Equal(Enumerable.Repeat(2.5f, 10), read.F32.ToArray());
    }

    [Fact]
    public void MemoryApart_IsCopiedByItsDevice_WhenReadAndAfterWriting()
    {
        var memory = new MemoryApart();
        using (var pool = new TensorPool(memory))
        {
            using var tensor = pool.Rent(DType.BF16, 4, 3);
            tensor.View.FillBytes(0);
            memory.Copies.Clear();

            using (var write = tensor.View.Slice(1, 2).MapWrite())
            {
                new ushort[] { 1, 2, 3, 4, 5, 6 }.CopyTo(write.BF16);
                Assert.Empty(memory.Copies);
            }

            Assert.Equal([("to device", 12)], memory.Copies);
            Assert.Equal([4, 5, 6], tensor.View.Slice(2, 1).ReadBF16());
            Assert.Equal([2, 5], tensor.View.Slice(1, 2).Columns(1, 1).ReadBF16());
            Assert.Equal([0, 0, 0], tensor.View.Reshape(2, 6).Columns(3, 3).Slice(1, 1).ReadBF16());
        }

        Assert.Equal(0, memory.Blocks);
    }

    [Fact]
    public void Mapping_OfAnotherTypeOrOfRowsWithGaps_IsRefused()
    {
        using var pool = new TensorPool();
        using var wide = pool.Rent(DType.F32, 2, 4);
        using var narrow = pool.Rent(DType.BF16, 2, 4);

        Assert.Throws<InvalidOperationException>(() => narrow.View.MapRead().F32.Length);
        Assert.Throws<InvalidOperationException>(() => narrow.View.MapWrite().F32.Length);
        Assert.Throws<InvalidOperationException>(() => wide.View.MapWrite().BF16.Length);
        Assert.Throws<InvalidOperationException>(() => wide.View.Columns(0, 3).MapRead().Bytes.Length);
        Assert.Throws<InvalidOperationException>(() => wide.View.Columns(0, 3).MapWrite().Bytes.Length);
    }
}
