using System.Collections.Immutable;

namespace AkkaCp.Scheduling;

/// <summary>
/// Which KV blocks are free, and how many are promised. Immutable. The pools of all ranks are alike, so one manager stands for all.
/// Admission reserves the blocks of a request's worst case; the planner takes them chunk by chunk. So <see cref="Take"/> cannot fail,
/// no request waits for a block while it holds others, and nothing can deadlock.
/// </summary>
internal sealed record KvBlockManager
{
    private readonly ImmutableStack<int> _returned = [];
    private readonly int _neverUsed = 1;

    private KvBlockManager(int totalBlocks)
    {
        Usable = totalBlocks - 1;
        Free = Usable;
    }

    /// <summary>Blocks that can be given out when none is in use: all but block 0.</summary>
    public int Usable { get; }

    /// <summary>Blocks that no request holds.</summary>
    public int Free { get; private init; }

    /// <summary>Blocks promised to admitted requests, those they hold included.</summary>
    public int Reserved { get; private init; }

    /// <summary>All blocks of a pool free.</summary>
    /// <param name="totalBlocks">At least 2, block 0 included.</param>
    public static KvBlockManager Empty(int totalBlocks)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(totalBlocks, 2);
        return new KvBlockManager(totalBlocks);
    }

    /// <summary>Whether that many more blocks can be promised.</summary>
    public bool HasRoomFor(int blocks) => blocks <= Usable - Reserved;

    /// <summary>Promises blocks.</summary>
    public KvBlockManager Reserve(int blocks) => this with { Reserved = Reserved + blocks };

    /// <summary>Gives out promised blocks: the last one returned first, then those never used in order.</summary>
    public KvBlockManager Take(int count, out ImmutableArray<int> blocks)
    {
        var taken = ImmutableArray.CreateBuilder<int>(count);
        var (returned, neverUsed) = (_returned, _neverUsed);
        while (taken.Count < count)
        {
            if (returned.IsEmpty)
            {
                taken.Add(neverUsed++);
            }
            else
            {
                returned = returned.Pop(out var block);
                taken.Add(block);
            }
        }

        if (neverUsed > Usable + 1)
        {
            throw new InvalidOperationException(
                $"{nameof(KvBlockManager)}: expected at most {Usable} blocks in use, found {neverUsed - 1}");
        }

        blocks = taken.MoveToImmutable();
        return new KvBlockManager(this, returned, neverUsed) { Free = Free - count };
    }

    /// <summary>Takes a request's blocks back, and its promise.</summary>
    public KvBlockManager Return(ImmutableArray<int> blocks, int reserved)
    {
        var returned = _returned;
        for (var i = blocks.Length - 1; i >= 0; i--)
            returned = returned.Push(blocks[i]);
        return new KvBlockManager(this, returned, _neverUsed) { Free = Free + blocks.Length, Reserved = Reserved - reserved };
    }

    private KvBlockManager(KvBlockManager original, ImmutableStack<int> returned, int neverUsed)
        : this(original)
    {
        _returned = returned;
        _neverUsed = neverUsed;
    }
}
