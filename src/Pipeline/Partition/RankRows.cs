namespace AkkaCp.Pipeline.Partition;

/// <summary>
/// The rows of one context-parallel rank in a step of B requests: all requests' prev rows in request order, then all requests' next
/// rows in request order. A request without rows here keeps its entries: its cumulative lengths repeat. Arrays are not to be written.
/// </summary>
public sealed class RankRows
{
    internal RankRows(int cpRank) => CpRank = cpRank;

    /// <summary>The context-parallel rank, 0 .. C-1.</summary>
    public int CpRank { get; }

    /// <summary>All rows of the rank.</summary>
    public int Rows => TotalQPrev + TotalQNext;

    /// <summary>Rows of the prev half; the queries are cut here between the two FIA calls.</summary>
    public int TotalQPrev { get; private set; }

    /// <summary>Rows of the next half.</summary>
    public int TotalQNext { get; private set; }

    /// <summary>[B] offset of the prev rows in each request's extend.</summary>
    public int[] PrevStart { get; private set; } = [];

    /// <summary>[B] prev rows of each request.</summary>
    public int[] PrevLen { get; private set; } = [];

    /// <summary>[B] offset of the next rows in each request's extend.</summary>
    public int[] NextStart { get; private set; } = [];

    /// <summary>[B] next rows of each request.</summary>
    public int[] NextLen { get; private set; } = [];

    /// <summary>[B] cumulative prev rows without a leading 0: FIA's actual_seq_lengths of the prev call.</summary>
    public int[] CuQPrev { get; private set; } = [];

    /// <summary>[B] cumulative next rows without a leading 0.</summary>
    public int[] CuQNext { get; private set; } = [];

    /// <summary>[B] keys that the last prev row of each request sees, prefix included:
    /// FIA's actual_seq_lengths_kv, not cumulative.</summary>
    public int[] KvPrev { get; private set; } = [];

    /// <summary>[B] keys that the last next row of each request sees, prefix included.</summary>
    public int[] KvNext { get; private set; } = [];

    /// <summary>[Rows] request of each local row.</summary>
    public int[] LocalToRequest { get; private set; } = [];

    /// <summary>[Rows] offset of each local row in its request's extend; its position is the request's prefix plus this.</summary>
    public int[] LocalToOffset { get; private set; } = [];

    /// <summary>[Rows] row of each local row in the buffer of a token gather around the MoE: gathered rows rank by rank, then the
    /// replicated rows.</summary>
    public int[] LocalToMoe { get; private set; } = [];

    /// <summary>[Rows] row of each local row in the buffer of a gather; -1 for replicated rows, which do not travel.</summary>
    public int[] LocalToGather { get; private set; } = [];

    /// <summary>Local rows of split and dealt requests, in order: what this rank contributes to a gather.</summary>
    public int[] GatherRows { get; private set; } = [];

    /// <summary>Local rows of replicated requests, in order; the same rows on every rank.</summary>
    public int[] ReplicatedRows { get; private set; } = [];

    /// <summary>Lays the rows of a step; <see cref="StepRows"/> says which blocks of which request lie here.</summary>
    internal void Lay(
        ReadOnlySpan<RequestLength> requests, ReadOnlySpan<CpPlacement> placements, TokenGather gather, ReadOnlySpan<RowBlocks> blocks)
    {
        ReuseRequestArrays(requests.Length);
        (TotalQPrev, TotalQNext) = (0, 0);
        for (var b = 0; b < requests.Length; b++)
        {
            var block = blocks[b];
            (PrevStart[b], PrevLen[b], NextStart[b], NextLen[b]) = (block.PrevStart, block.PrevLen, block.NextStart, block.NextLen);
            CuQPrev[b] = TotalQPrev += block.PrevLen;
            CuQNext[b] = TotalQNext += block.NextLen;
            KvPrev[b] = requests[b].Prefix + block.PrevStart + block.PrevLen;
            KvNext[b] = requests[b].Prefix + block.NextStart + block.NextLen;
        }

        ReuseRowArrays(Rows, gather.Range(CpRank).Rows);
        FillLocal(0, PrevStart, PrevLen);
        FillLocal(TotalQPrev, NextStart, NextLen);
        SortByTravel(placements, gather);
    }

    private void ReuseRequestArrays(int count)
    {
        PrevStart = ExactArray.Reuse(PrevStart, count);
        PrevLen = ExactArray.Reuse(PrevLen, count);
        NextStart = ExactArray.Reuse(NextStart, count);
        NextLen = ExactArray.Reuse(NextLen, count);
        CuQPrev = ExactArray.Reuse(CuQPrev, count);
        CuQNext = ExactArray.Reuse(CuQNext, count);
        KvPrev = ExactArray.Reuse(KvPrev, count);
        KvNext = ExactArray.Reuse(KvNext, count);
    }

    private void ReuseRowArrays(int rows, int gathered)
    {
        LocalToRequest = ExactArray.Reuse(LocalToRequest, rows);
        LocalToOffset = ExactArray.Reuse(LocalToOffset, rows);
        LocalToMoe = ExactArray.Reuse(LocalToMoe, rows);
        LocalToGather = ExactArray.Reuse(LocalToGather, rows);
        GatherRows = ExactArray.Reuse(GatherRows, gathered);
        ReplicatedRows = ExactArray.Reuse(ReplicatedRows, rows - gathered);
    }

    private void FillLocal(int row, int[] starts, int[] lengths)
    {
        for (var b = 0; b < starts.Length; b++)
        {
            for (var i = 0; i < lengths[b]; i++, row++)
            {
                LocalToRequest[row] = b;
                LocalToOffset[row] = starts[b] + i;
            }
        }
    }

    private void SortByTravel(ReadOnlySpan<CpPlacement> placements, TokenGather gather)
    {
        var start = gather.Range(CpRank).Start;
        var (g, r) = (0, 0);
        for (var row = 0; row < Rows; row++)
        {
            if (placements[LocalToRequest[row]].Kind == PlacementKind.Replicated)
            {
                LocalToMoe[row] = gather.TotalRows + r;
                LocalToGather[row] = -1;
                ReplicatedRows[r++] = row;
            }
            else
            {
                LocalToMoe[row] = LocalToGather[row] = start + g;
                GatherRows[g++] = row;
            }
        }
    }
}
