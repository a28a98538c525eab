using System.Collections.Immutable;
using AkkaCp.Scheduling.Blocks;
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
    public void CachedBlock_IsFoundUntilItIsTaken_TheLastOfAChainFirst()
    {
        var names = Names(0, 3);
        var manager = KvBlockManager.Empty(5).Reserve(3).Take(3, out var blocks);
        for (var i = 0; i < 3; i++)
            manager = manager.Name(blocks[i], names[i]);
        manager = manager.Return(blocks, 3, names.AsSpan());
        Assert.Equal((4, 0), (manager.Free, manager.Reserved));
        Assert.Equal(blocks, manager.Find(names.AsSpan()));

        for (var left = 3; left >= 0; left--)
        {
            manager = manager.Reserve(1).Take(1, out _);
            Assert.Equal(blocks.Take(left), manager.Find(names.AsSpan()));
        }
    }

    [Fact]
    public void ChainThatWasUsedLast_IsTakenLast()
    {
        var (first, second) = (Names(0, 2), Names(1, 2));
        var manager = Cached(Cached(KvBlockManager.Empty(5), first), second);
        var shared = manager.Find(first.AsSpan());
        manager = manager.Reserve(2).Share(shared).Return(shared, 2, first.AsSpan()).Reserve(2).Take(2, out _);

        Assert.Equal(shared, manager.Find(first.AsSpan()));
        Assert.Empty(manager.Find(second.AsSpan()));
    }

    [Fact]
    public void SharedBlock_IsHeldUntilItsLastHolderReturnsIt()
    {
        var names = Names(0, 1);
        var manager = KvBlockManager.Empty(4).Reserve(1).Take(1, out var block).Name(1, names[0]);
        manager = manager.Reserve(1).Share(block);
        Assert.Equal((2, 1), (manager.Free, manager.Reserved));
        Assert.Equal(1, manager.CountHeld(block));

        manager = manager.Return(block, 1, names.AsSpan());
        Assert.Equal((2, 1), (manager.Free, manager.Reserved));
        manager = manager.Reserve(2).Take(2, out var others);
        Assert.DoesNotContain(block[0], others);
        manager = manager.Return(block, 1, names.AsSpan());
        Assert.Equal((1, 2), (manager.Free, manager.Reserved));
    }

    [Fact]
    public void ForgottenBlock_IsFoundNoMoreAndFreeWhenItsHoldersReturnIt()
    {
        var names = Names(0, 2);
        var manager = KvBlockManager.Empty(3).Reserve(2).Take(2, out var blocks).Name(1, names[0]).Name(2, names[1]);
        manager = manager.Forget(blocks);
        Assert.Empty(manager.Find(names.AsSpan()));
        manager = manager.Return(blocks, 2, names.AsSpan()).Reserve(2).Take(2, out var again);
        Assert.Equal(blocks.Order(), again.Order());
    }

    [Fact]
    public void TwinsOfABlock_KeepItsChainTogether()
    {
        // Two requests compute the same two blocks side by side; the first lets go before the second's last block is named.
        var names = Names(0, 2);
        var manager = KvBlockManager.Empty(7).Reserve(4).Take(2, out var first).Take(2, out var second);
        manager = manager.Name(first[0], names[0]).Name(second[0], names[0]).Return(first, 2, names.AsSpan());
        manager = Cached(manager.Name(second[1], names[1]).Return(second, 2, names.AsSpan()), Names(1, 1));

        // All but those of both chains are free. Of the older chain the second block goes first.
        manager = manager.Reserve(4).Take(4, out _);
        Assert.Equal([first[0]], manager.Find(names.AsSpan()));
    }

    [Fact]
    public void AnyOrderOfCalls_FindsWhatWasNamedAndLosesNoBlock()
    {
        var rng = new Rng(7);
        var chains = Enumerable.Range(0, 6).Select(salt => Names(salt, 6)).ToArray();
        var manager = KvBlockManager.Empty(20);
        var content = new Dictionary<int, BlockName>();
        var held = new List<(ImmutableArray<int> Blocks, ImmutableArray<BlockName> Names)>();
        var hits = 0;
        for (var call = 0; call < 20_000; call++)
        {
            var names = chains[rng.Next(chains.Length)][..rng.Next(7)];
            var found = manager.Find(names.AsSpan());
            Assert.All(found.Zip(names), pair => Assert.Equal(pair.Second, content[pair.First]));
            if (rng.Next(3) > 0 && manager.HasRoomFor(names.Length - manager.CountHeld(found)))
            {
                manager = manager.Reserve(names.Length).Share(found).Take(names.Length - found.Length, out var taken);
                hits += found.Length;
                var named = rng.Next(taken.Length + 1);
                for (var i = 0; i < taken.Length; i++)
                {
                    content[taken[i]] = names[found.Length + i];
                    if (i < named)
                        manager = manager.Name(taken[i], names[found.Length + i]);
                }

                held.Add((found.AddRange(taken), names));
            }
            else if (held.Count > 0)
            {
                var which = rng.Next(held.Count);
                if (rng.Next(8) == 0)
                    manager = manager.Forget(held[which].Blocks);
                manager = manager.Return(held[which].Blocks, held[which].Blocks.Length, held[which].Names.AsSpan());
                held.RemoveAt(which);
            }

            var inUse = held.SelectMany(one => one.Blocks).Distinct().Count();
            Assert.Equal((19 - inUse, inUse), (manager.Free, manager.Reserved));
        }

        Assert.True(hits > 1000);
        foreach (var (blocks, names) in held)
            manager = manager.Return(blocks, blocks.Length, names.AsSpan());
        manager.Reserve(19).Take(19, out var all);
        Assert.Equal(Enumerable.Range(1, 19), all.Order());
    }

    private static ImmutableArray<BlockName> Names(int salt, int count) =>
        BlockChain.Of(BlockName.Root("", $"{salt}"), [.. Enumerable.Range(0, count)], 1).Names;

    private static KvBlockManager Cached(KvBlockManager manager, ImmutableArray<BlockName> names)
    {
        manager = manager.Reserve(names.Length).Take(names.Length, out var blocks);
        for (var i = 0; i < names.Length; i++)
            manager = manager.Name(blocks[i], names[i]);
        return manager.Return(blocks, names.Length, names.AsSpan());
    }

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
