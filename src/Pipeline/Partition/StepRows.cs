namespace AkkaCp.Pipeline.Partition;

/// <summary>
/// How all rows of a step lie on the context-parallel ranks when its requests lie there in different ways
/// (<see cref="CpWay"/>). Split requests follow <see cref="ZigzagPartition"/>; a dealt request is all "prev" on its owner;
/// a replicated one is all "prev" on every rank. Pure integers: every rank builds the same.
/// </summary>
public sealed class StepRows
{
    private readonly RankRows[] _ranks;

    private StepRows(ReadOnlySpan<RequestLength> requests, ReadOnlySpan<CpPlacement> placements, int cpSize)
    {
        CpSize = cpSize;
        Requests = requests.Length;
        Gather = new TokenGather(CountGathered(requests, placements, cpSize));
        _ranks = new RankRows[cpSize];
        var blocks = new RowBlocks[requests.Length];
        for (var rank = 0; rank < cpSize; rank++)
        {
            for (var b = 0; b < blocks.Length; b++)
            {
                blocks[b] = RowBlocks.Of(requests[b], placements[b], rank, cpSize);
            }

            _ranks[rank] = new RankRows(rank, requests, placements, Gather, blocks);
        }

        (GatheredRequest, GatheredOffset) = GatherOrigins();
    }

    /// <summary>C.</summary>
    public int CpSize { get; }

    /// <summary>B.</summary>
    public int Requests { get; }

    /// <summary>Where each rank's rows lie in the gathered buffer.</summary>
    public TokenGather Gather { get; }

    /// <summary>[C] rows that each rank contributes to a gather: its split and dealt rows.</summary>
    public IReadOnlyList<int> GatheredRowsPerRank => Gather.RowsPerRank;

    /// <summary>Whether any keys and values travel.</summary>
    public bool NeedsGather => Gather.TotalRows > 0;

    /// <summary>Rows of replicated requests, the same on every rank.</summary>
    public int ReplicatedRows => _ranks[0].ReplicatedRows.Length;

    /// <summary>Rows of the buffer of a token gather around the MoE: every row of the step once, gathered ones first.</summary>
    public int MoeRows => Gather.TotalRows + ReplicatedRows;

    /// <summary>[gathered rows] request of each row of the gathered buffer.</summary>
    public int[] GatheredRequest { get; }

    /// <summary>[gathered rows] offset of each row of the gathered buffer in its request's extend. With
    /// <see cref="GatheredRequest"/> it gives the row's slot, so that writing the KV pool restores the sequence order.</summary>
    public int[] GatheredOffset { get; }

    /// <summary>Lays a step.</summary>
    /// <exception cref="ArgumentException">Lengths, placements or size are wrong; the message names all mistakes.</exception>
    public static StepRows Create(ReadOnlySpan<RequestLength> requests, ReadOnlySpan<CpPlacement> placements, int cpSize)
    {
        StepArguments.Validate(requests, placements, cpSize);
        return new StepRows(requests, placements, cpSize);
    }

    /// <summary>The rows of a rank.</summary>
    public RankRows Rank(int cpRank) => _ranks[cpRank];

    private static int[] CountGathered(ReadOnlySpan<RequestLength> requests, ReadOnlySpan<CpPlacement> placements, int cpSize)
    {
        var rows = new int[cpSize];
        for (var b = 0; b < requests.Length; b++)
        {
            for (var rank = 0; rank < cpSize && placements[b].Way != CpWay.Replicated; rank++)
            {
                rows[rank] += RowBlocks.Of(requests[b], placements[b], rank, cpSize).Rows;
            }
        }

        return rows;
    }

    private (int[] Request, int[] Offset) GatherOrigins()
    {
        var request = new int[Gather.TotalRows];
        var offset = new int[Gather.TotalRows];
        var row = 0;
        foreach (var rank in _ranks)
        {
            foreach (var local in rank.GatherRows)
            {
                request[row] = rank.LocalToRequest[local];
                offset[row++] = rank.LocalToOffset[local];
            }
        }

        return (request, offset);
    }
}
