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
