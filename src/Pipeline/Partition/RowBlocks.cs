namespace AkkaCp.Pipeline.Partition;

/// <summary>The rows of one request on one rank, as two ranges of the request's extend.</summary>
internal readonly record struct RowBlocks(int PrevStart, int PrevLen, int NextStart, int NextLen)
{
    /// <summary>What <paramref name="cpRank"/> holds of a request placed so.</summary>
    public static RowBlocks Of(RequestLength request, CpPlacement placement, int cpRank, int cpSize)
    {
        if (placement.Kind == PlacementKind.Split)
        {
            var blocks = new ZigzagBlocks(request.Extend, cpSize);
            var next = blocks.NextBlock(cpRank);
            return new RowBlocks(blocks.Start(cpRank), blocks.Length(cpRank), blocks.Start(next), blocks.Length(next));
        }

        var isHere = placement.Kind == PlacementKind.Replicated || placement.Owner == cpRank;
        return isHere ? new RowBlocks(0, request.Extend, request.Extend, 0) : default;
    }

    /// <summary>Rows of both ranges.</summary>
    public int Rows => PrevLen + NextLen;
}

/// <summary>
/// One request's new tokens cut into 2C zigzag blocks: block i has ⌊L/2C⌋ tokens, one more when i &lt; L mod 2C.
/// Rank r owns block r ("prev") and block 2C−1−r ("next"), so early, cheap rows and late, dear ones meet on every rank.
/// </summary>
internal readonly struct ZigzagBlocks
{
    private readonly int _base;
    private readonly int _longer;
    private readonly int _last;

    /// <param name="length">L, new tokens of the request, at least 0.</param>
    /// <param name="cpSize">C, at least 1.</param>
    public ZigzagBlocks(int length, int cpSize)
    {
        (_base, _longer) = Math.DivRem(length, 2 * cpSize);
        _last = (2 * cpSize) - 1;
    }

    /// <summary>Tokens of block <paramref name="block"/>.</summary>
    public int Length(int block) => block < _longer ? _base + 1 : _base;

    /// <summary>Offset of the block's first token in the request's new tokens.</summary>
    public int Start(int block) => (block * _base) + Math.Min(block, _longer);

    /// <summary>Number of the late block of a rank.</summary>
    public int NextBlock(int cpRank) => _last - cpRank;

    /// <summary>Tokens of both blocks of a rank.</summary>
    public int RowsOf(int cpRank) => Length(cpRank) + Length(NextBlock(cpRank));
}
