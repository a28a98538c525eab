using AkkaCp.Pipeline.Kv;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Pipeline.Tests.Kv;

public sealed class KvBlockAllocatorTests
{
    [Fact]
    public void Allocator_GivesEveryBlockButTheFirst()
    {
        var allocator = new KvBlockAllocator(8);
        var blocks = new int[7];
        Assert.True(allocator.TryAllocate(blocks));
        Assert.Equal([1, 2, 3, 4, 5, 6, 7], blocks);
        Assert.Equal((0, 7), (allocator.FreeBlocks, allocator.UsableBlocks));
    }

    [Fact]
    public void TooFewBlocks_GiveNone()
    {
        var allocator = new KvBlockAllocator(4);
        var blocks = new int[4];
        Assert.False(allocator.TryAllocate(blocks));
        Assert.Equal(3, allocator.FreeBlocks);
        Assert.Equal([0, 0, 0, 0], blocks);
        Assert.True(allocator.TryAllocate([]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(-1)]
    [InlineData(4)]
    public void FreeingWhatIsNotInUse_IsRefused_AndTakesNothingBack(int wrong)
    {
        var allocator = new KvBlockAllocator(4);
        var blocks = new int[2];
        allocator.TryAllocate(blocks);

        var error = Assert.Throws<ArgumentException>(() => allocator.Free([blocks[0], wrong]));
        Assert.Contains($"found block {wrong}", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, allocator.FreeBlocks);
        Assert.Throws<ArgumentException>(() => allocator.Free([blocks[0], blocks[0]]));
        allocator.Free(blocks);
        Assert.Throws<ArgumentException>(() => allocator.Free(blocks));
        Assert.Equal(3, allocator.FreeBlocks);
    }

    [Fact]
    public void PoolWithoutABlockToGive_IsRefused() => Assert.Throws<ArgumentOutOfRangeException>(() => new KvBlockAllocator(1));

    [Fact]
    public void AnyOrderOfCalls_NeverGivesABlockTwice()
    {
        var rng = new Rng(1);
        var allocator = new KvBlockAllocator(20);
        var held = new Queue<int[]>();
        for (var call = 0; call < 5000; call++)
        {
            var blocks = new int[rng.Next(7)];
            if (allocator.TryAllocate(blocks))
            {
                held.Enqueue(blocks);
            }
            else
            {
                allocator.Free(held.Dequeue());
            }

            var inUse = held.SelectMany(one => one).ToArray();
            Assert.Equal(inUse.Length, inUse.Distinct().Count());
            Assert.DoesNotContain(inUse, block => block is < 1 or > 19);
            Assert.Equal(19 - inUse.Length, allocator.FreeBlocks);
        }
    }
}
