namespace AkkaCp.Pipeline.Partition;

/// <summary>
/// How all rows of a step lie on the context-parallel ranks when its requests lie there in different ways
/// (<see cref="PlacementKind"/>). A split request is cut by zigzag (sglang's zigzag context parallelism): of 2C blocks, block r is rank r's
/// "prev" and block 2C−1−r its "next"; a dealt request is all "prev" on its owner; a replicated one is all "prev" on every rank.
/// Pure integers: every rank builds the same.
/// </summary>
public sealed class StepRows
{
    private readonly RankRows[] _ranks;
    private readonly int[] _gatheredRows;
    private RowBlocks[] _blocks = [];

    /// <summary>Rows of no step yet; <see cref="Lay"/> may be called for one step after another.</summary>
    internal StepRows(int cpSize)
    {
        CpSize = cpSize;
        _ranks = [.. Enumerable.Range(0, Math.Max(cpSize, 0)).Select(rank => new RankRows(rank))];
        _gatheredRows = new int[_ranks.Length];
        Gather = new TokenGather(_gatheredRows);
    }

    /// <summary>C.</summary>
    public int CpSize { get; }

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
    public int[] GatheredRequest { get; private set; } = [];

    /// <summary>[gathered rows] offset of each row of the gathered buffer in its request's extend. With
    /// <see cref="GatheredRequest"/> it gives the row's slot, so that writing the KV pool restores the sequence order.</summary>
    public int[] GatheredOffset { get; private set; } = [];

    /// <summary>Lays a step.</summary>
    /// <exception cref="ArgumentException">Lengths, placements or size are wrong; the message names all mistakes.</exception>
    public static StepRows Create(ReadOnlySpan<RequestLength> requests, ReadOnlySpan<CpPlacement> placements, int cpSize)
    {
        var rows = new StepRows(cpSize);
        rows.Lay(requests, placements);
        return rows;
    }

    /// <summary>The rows of a rank.</summary>
    public RankRows Rank(int cpRank) => _ranks[cpRank];

    /// <summary>Lays another step in the place of the last one: steps of one shape allocate nothing.</summary>
    /// <exception cref="ArgumentException">As for <see cref="Create"/>; the rows are undefined then.</exception>
    internal void Lay(ReadOnlySpan<RequestLength> requests, ReadOnlySpan<CpPlacement> placements)
    {
        StepArguments.Validate(requests, placements, CpSize);
        _blocks = ExactArray.Reuse(_blocks, requests.Length);
        CountGathered(requests, placements);
        for (var rank = 0; rank < CpSize; rank++)
        {
            for (var b = 0; b < _blocks.Length; b++)
                _blocks[b] = RowBlocks.Of(requests[b], placements[b], rank, CpSize);

            _ranks[rank].Lay(requests, placements, Gather, _blocks);
        }

        FindGatherOrigins();
    }

    private void CountGathered(ReadOnlySpan<RequestLength> requests, ReadOnlySpan<CpPlacement> placements)
    {
        Array.Clear(_gatheredRows);
        for (var b = 0; b < requests.Length; b++)
        {
            for (var rank = 0; rank < CpSize && placements[b].Kind != PlacementKind.Replicated; rank++)
                _gatheredRows[rank] += RowBlocks.Of(requests[b], placements[b], rank, CpSize).Rows;
        }

        Gather.Lay(_gatheredRows);
    }

    private void FindGatherOrigins()
    {
        GatheredRequest = ExactArray.Reuse(GatheredRequest, Gather.TotalRows);
        GatheredOffset = ExactArray.Reuse(GatheredOffset, Gather.TotalRows);
        var row = 0;
        foreach (var rank in _ranks)
        {
            foreach (var local in rank.GatherRows)
            {
                GatheredRequest[row] = rank.LocalToRequest[local];
                GatheredOffset[row++] = rank.LocalToOffset[local];
            }
        }
    }
}
