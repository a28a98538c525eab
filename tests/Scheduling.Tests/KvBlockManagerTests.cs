using System.Collections.Immutable;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Scheduling.Tests;

public sealed class KvBlockManagerTests
{
    [Fact]
    public void Manager_GivesEveryBlockButTheFirst()
    {
        var manager = KvBlockManager.Empty(8).Reserve(7).Take(7, out var blocks);
        Assert.Equal([1, 2, 3, 4, 5, 6, 7], blocks);
        Assert.Equal((0, 7), (manager.Free, manager.Usable));
    }

    [Fact]
    public void TooFewBlocks_AreNotPromised()
    {
        var manager = KvBlockManager.Empty(4);
        Assert.False(manager.HasRoomFor(4));
        Assert.True(manager.HasRoomFor(3));
        Assert.False(manager.Reserve(1).HasRoomFor(3));
        Assert.True(manager.Reserve(3).HasRoomFor(0));
        Assert.Equal(3, manager.Free);
    }

    [Fact]
    public void TakingMoreThanThereIs_IsRefused() =>
        Assert.Throws<InvalidOperationException>(() => KvBlockManager.Empty(4).Reserve(4).Take(4, out _));

    [Fact]
    public void PoolWithoutABlockToGive_IsRefused() => Assert.Throws<ArgumentOutOfRangeException>(() => KvBlockManager.Empty(1));

    [Fact]
    public void AnyOrderOfCalls_NeverGivesABlockTwice()
    {
        var rng = new Rng(1);
        var manager = KvBlockManager.Empty(20);
        var held = new Queue<ImmutableArray<int>>();
        for (var call = 0; call < 5000; call++)
        {
            var wanted = rng.Next(7);
            if (manager.HasRoomFor(wanted))
            {
                manager = manager.Reserve(wanted).Take(wanted, out var blocks);
                held.Enqueue(blocks);
            }
            else
            {
                var returned = held.Dequeue();
                manager = manager.Return(returned, returned.Length);
            }

            var inUse = held.SelectMany(one => one).ToArray();
            Assert.Equal(inUse.Length, inUse.Distinct().Count());
            Assert.DoesNotContain(inUse, block => block is < 1 or > 19);
            Assert.Equal(19 - inUse.Length, manager.Free);
        }
    }
}
