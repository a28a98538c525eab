namespace AkkaCp.Pipeline.Kv;

/// <summary>The pool blocks of one request, in the order of its tokens. Not thread-safe.</summary>
public sealed class BlockTable
{
    private readonly List<int> _blocks = [];

    /// <param name="blockSize">Tokens of a block, at least 1.</param>
    public BlockTable(int blockSize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(blockSize, 1);
        BlockSize = blockSize;
    }

    /// <summary>Tokens of a block.</summary>
    public int BlockSize { get; }

    /// <summary>The blocks, first tokens first.</summary>
    public IReadOnlyList<int> Blocks => _blocks;

    /// <summary>Tokens that fit.</summary>
    public long CapacityTokens => (long)_blocks.Count * BlockSize;

    /// <summary>Blocks that hold <paramref name="tokens"/> tokens.</summary>
    public static int BlocksFor(int tokens, int blockSize)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(tokens);
        ArgumentOutOfRangeException.ThrowIfLessThan(blockSize, 1);
        return (int)(((long)tokens + blockSize - 1) / blockSize);
    }

    /// <summary>Adds blocks at the end.</summary>
    public void Append(ReadOnlySpan<int> blocks) => _blocks.AddRange(blocks);

    /// <summary>Where a token's key and value lie in the pool: block · block size + offset.</summary>
    /// <param name="position">Absolute position of the token in its request.</param>
    /// <exception cref="ArgumentOutOfRangeException">The request has no block for this position.</exception>
    public int Slot(int position)
    {
        if (position < 0 || position >= CapacityTokens)
            throw new ArgumentOutOfRangeException(nameof(position), position, $"the {_blocks.Count} blocks hold {CapacityTokens} tokens");

        var (block, offset) = Math.DivRem(position, BlockSize);
        return checked((_blocks[block] * BlockSize) + offset);
    }

    /// <summary>Writes the blocks as one row of FIA's block_table; what lies behind them stays.</summary>
    /// <exception cref="ArgumentException">The row is shorter than the table.</exception>
    public void CopyTo(Span<int> row) => _blocks.CopyTo(row);
}
