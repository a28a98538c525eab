using System.Collections.Immutable;

namespace AkkaCp.Scheduling.Blocks;

/// <summary>
/// Which KV blocks requests hold, which are free, and what those that are full hold. Immutable. The pools of all ranks are alike, so one
/// manager stands for all. Blocks are promised first, to a request when it is admitted and one by one as it grows; the planner takes
/// them chunk by chunk, or shares one that holds what is wanted already. So <see cref="Take"/> cannot fail.
/// </summary>
/// <remarks>
/// A block is free, held by one request or several, or cached: full, named, and held by none. Cached blocks are given out when there are
/// no free ones, those first that have been cached longest. Of a chain the last block is cached first, so what is left of it can still be
/// found from its begin.
/// </remarks>
internal sealed record KvBlockManager
{
    private KvBlockManager(int totalBlocks) => Usable = totalBlocks - 1;

    /// <summary>Blocks that can be given out when none is in use: all but block 0.</summary>
    public int Usable { get; }

    /// <summary>Blocks that no request holds, cached ones among them.</summary>
    public int Free => Usable - Held;

    /// <summary>Blocks that are not there for further requests: held by some, or promised to admitted ones.</summary>
    public int Reserved => Held + Promised;

    private int Held { get; init; }

    private int Promised { get; init; }

    private ImmutableStack<int> Returned { get; init; } = [];

    private int NeverUsed { get; init; } = 1;

    /// <summary>Blocks that are held or cached.</summary>
    private ImmutableDictionary<int, Use> Uses { get; init; } = ImmutableDictionary<int, Use>.Empty;

    private ImmutableDictionary<BlockName, int> Named { get; init; } = ImmutableDictionary<BlockName, int>.Empty;

    /// <summary>Cached blocks by the time when they were let go.</summary>
    private ImmutableSortedDictionary<long, int> Cached { get; init; } = ImmutableSortedDictionary<long, int>.Empty;

    private long Time { get; init; }

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
    public KvBlockManager Reserve(int blocks) => this with { Promised = Promised + blocks };

    /// <summary>Gives out promised blocks: the last one returned first, then those never used in order, then cached ones.</summary>
    public KvBlockManager Take(int count, out ImmutableArray<int> blocks)
    {
        if (count > Free)
            throw new InvalidOperationException($"{nameof(KvBlockManager)}: expected at most {Free} blocks to be taken, found {count}");
        var taken = ImmutableArray.CreateBuilder<int>(count);
        var next = this;
        while (taken.Count < count)
        {
            next = next.TakeOne(out var block);
            taken.Add(block);
        }

        blocks = taken.MoveToImmutable();
        return count == 0 ? this : next with { Held = Held + count, Promised = Promised - count };
    }

    /// <summary>The blocks that hold what the leading names say, up to the first that none holds.</summary>
    public ImmutableArray<int> Find(ReadOnlySpan<BlockName> names)
    {
        var found = ImmutableArray.CreateBuilder<int>();
        foreach (var name in names)
        {
            if (!Named.TryGetValue(name, out var block))
                break;
            found.Add(block);
        }

        return found.ToImmutable();
    }

    /// <summary>How many of these named blocks are held by requests.</summary>
    public int CountHeld(ImmutableArray<int> blocks) => blocks.Count(block => Uses[block].Holders > 0);

    /// <summary>Gives out named blocks in place of as many promised ones.</summary>
    public KvBlockManager Share(ImmutableArray<int> blocks)
    {
        var next = this with { Promised = Promised - blocks.Length };
        foreach (var block in blocks)
        {
            var use = next.Uses[block];
            if (use.Holders == 0)
                next = next with { Held = next.Held + 1, Cached = next.Cached.Remove(use.LetGo) };
            next = next with { Uses = next.Uses.SetItem(block, use with { Holders = use.Holders + 1 }) };
        }

        return next;
    }

    /// <summary>Names a held block that is full and computed. Where another holds the same already, that one keeps the name.</summary>
    public KvBlockManager Name(int block, BlockName name) => Named.ContainsKey(name) ? this : this with
    {
        Named = Named.Add(name, block),
        Uses = Uses.SetItem(block, Uses[block] with { Name = name }),
    };

    /// <summary>Takes the names of held blocks away: nobody shares them from now on.</summary>
    public KvBlockManager Forget(ImmutableArray<int> blocks)
    {
        var next = this;
        foreach (var block in blocks)
        {
            if (next.Uses[block] is { Name: { } name } use)
                next = next with { Named = next.Named.Remove(name), Uses = next.Uses.SetItem(block, use with { Name = null }) };
        }

        return next;
    }

    /// <summary>Takes a request's blocks back, and its promise.</summary>
    /// <param name="blocks">The blocks, first tokens first.</param>
    /// <param name="reserved">What was promised in all.</param>
    /// <param name="names">Of the leading blocks, whether these have them or others that hold the same.</param>
    public KvBlockManager Return(ImmutableArray<int> blocks, int reserved, ReadOnlySpan<BlockName> names = default)
    {
        var next = this with { Promised = Promised - (reserved - blocks.Length) };
        for (var i = blocks.Length - 1; i >= 0; i--)
        {
            next = next.LetGo(blocks[i]);
            if (i < names.Length)
                next = next.Touch(names[i]);
        }

        return next;
    }

    private KvBlockManager TakeOne(out int block)
    {
        if (!Returned.IsEmpty)
            return Hold(this with { Returned = Returned.Pop(out block) }, block);
        if (NeverUsed <= Usable)
            return Hold(this with { NeverUsed = NeverUsed + 1 }, block = NeverUsed);
        (var letGo, block) = Cached.First();
        return Hold(this with { Cached = Cached.Remove(letGo), Named = Named.Remove(Uses[block].Name!.Value) }, block);
    }

    private static KvBlockManager Hold(KvBlockManager manager, int block) =>
        manager with { Uses = manager.Uses.SetItem(block, new Use(Holders: 1)) };

    private KvBlockManager LetGo(int block)
    {
        var use = Uses[block];
        if (use.Holders > 1)
            return this with { Uses = Uses.SetItem(block, use with { Holders = use.Holders - 1 }) };
        return use.Name is null
            ? this with { Held = Held - 1, Returned = Returned.Push(block), Uses = Uses.Remove(block) }
            : Cache(this with { Held = Held - 1 }, block, use with { Holders = 0 });
    }

    /// <summary>A cached block was of use, or would have been: a request had computed the same beside it.</summary>
    private KvBlockManager Touch(BlockName name) =>
        Named.TryGetValue(name, out var block) && Uses[block] is { Holders: 0 } use && use.LetGo != Time
            ? Cache(this with { Cached = Cached.Remove(use.LetGo) }, block, use)
            : this;

    private static KvBlockManager Cache(KvBlockManager manager, int block, Use use)
    {
        var time = manager.Time + 1;
        return manager with
        {
            Time = time,
            Cached = manager.Cached.Add(time, block),
            Uses = manager.Uses.SetItem(block, use with { LetGo = time }),
        };
    }

    private readonly record struct Use(int Holders, BlockName? Name = null, long LetGo = 0);
}
