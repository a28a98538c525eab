namespace AkkaCp.Pipeline.Kv;

/// <summary>
/// Which blocks of a paged KV pool are free. Pure integers: it may decide for pools on other ranks, which are all alike.
/// Block 0 is never given out, so that a zero in a block table is nobody's memory. Not thread-safe.
/// </summary>
public sealed class KvBlockAllocator
{
    private readonly Stack<int> _free;
    private readonly bool[] _isUsed;

    /// <param name="totalBlocks">Blocks of the pool, block 0 included; at least 2.</param>
    /// <exception cref="ArgumentOutOfRangeException">The pool has no block to give.</exception>
    public KvBlockAllocator(int totalBlocks)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(totalBlocks, 2);
        TotalBlocks = totalBlocks;
        _isUsed = new bool[totalBlocks];
        _free = new Stack<int>(Enumerable.Range(1, totalBlocks - 1).Reverse());
    }

    /// <summary>Blocks of the pool, block 0 included.</summary>
    public int TotalBlocks { get; }

    /// <summary>Blocks that can be given out when none is in use.</summary>
    public int UsableBlocks => TotalBlocks - 1;

    /// <summary>Blocks that can be given out now.</summary>
    public int FreeBlocks => _free.Count;

    /// <summary>Gives out as many blocks as <paramref name="blocks"/> has room for, or none when there are too few.</summary>
    public bool TryAllocate(Span<int> blocks)
    {
        if (blocks.Length > _free.Count)
        {
            return false;
        }

        for (var i = 0; i < blocks.Length; i++)
        {
            blocks[i] = _free.Pop();
            _isUsed[blocks[i]] = true;
        }

        return true;
    }

    /// <summary>Takes blocks back; the last one comes out first again.</summary>
    /// <exception cref="ArgumentException">A block is not in use, or named twice; then none is taken back.</exception>
    public void Free(ReadOnlySpan<int> blocks)
    {
        for (var i = 0; i < blocks.Length; i++)
        {
            if (blocks[i] < 1 || blocks[i] >= TotalBlocks || !_isUsed[blocks[i]])
            {
                MarkUsed(blocks[..i]);
                throw new ArgumentException($"{nameof(KvBlockAllocator)}: expected a block in use, found block {blocks[i]}");
            }

            _isUsed[blocks[i]] = false;
        }

        foreach (var block in blocks)
        {
            _free.Push(block);
        }
    }

    private void MarkUsed(ReadOnlySpan<int> blocks)
    {
        foreach (var block in blocks)
        {
            _isUsed[block] = true;
        }
    }
}
