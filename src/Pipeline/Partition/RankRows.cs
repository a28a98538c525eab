namespace AkkaCp.Pipeline.Partition;

/// <summary>
/// The rows of one context-parallel rank in a step of B requests: all requests' prev rows in request order, then all requests' next
/// rows in request order. A request without rows here keeps its entries: its cumulative lengths repeat. Arrays are not to be written.
/// </summary>
public sealed class RankRows
{
    private readonly int[] _extendLens;

    // The constructor lays the rows; StepRows says which blocks of which request lie here.
    internal RankRows(int cpRank, ReadOnlySpan<RequestLength> requests, ReadOnlySpan<CpPlacement> placements, TokenGather gather,
        ReadOnlySpan<RowBlocks> blocks)
    {
        CpRank = cpRank;
        var count = requests.Length;
        (_extendLens, PrevStart, PrevLen, NextStart, NextLen) =
            (new int[count], new int[count], new int[count], new int[count], new int[count]);
        (CuQPrev, CuQNext, KvPrev, KvNext) = (new int[count], new int[count], new int[count], new int[count]);
        for (var b = 0; b < count; b++)
        {
            var block = blocks[b];
            _extendLens[b] = requests[b].Extend;
            (PrevStart[b], PrevLen[b], NextStart[b], NextLen[b]) = (block.PrevStart, block.PrevLen, block.NextStart, block.NextLen);
            CuQPrev[b] = TotalQPrev += block.PrevLen;
            CuQNext[b] = TotalQNext += block.NextLen;
            KvPrev[b] = requests[b].Prefix + block.PrevStart + block.PrevLen;
            KvNext[b] = requests[b].Prefix + block.NextStart + block.NextLen;
        }

        LocalToRequest = new int[Rows];
        LocalToOffset = new int[Rows];
        LocalToMoe = new int[Rows];
        LocalToGather = new int[Rows];
        FillLocal(0, PrevStart, PrevLen);
        FillLocal(TotalQPrev, NextStart, NextLen);
        (GatherRows, ReplicatedRows) = SortByTravel(placements, gather);
    }

    /// <summary>The context-parallel rank, 0 .. C-1.</summary>
    public int CpRank { get; }

    /// <summary>All rows of the rank.</summary>
    public int Rows => TotalQPrev + TotalQNext;

    /// <summary>Rows of the prev half; the queries are cut here between the two FIA calls.</summary>
    public int TotalQPrev { get; }

    /// <summary>Rows of the next half.</summary>
    public int TotalQNext { get; }

    /// <summary>[B] offset of the prev rows in each request's extend.</summary>
    public int[] PrevStart { get; }

    /// <summary>[B] prev rows of each request.</summary>
    public int[] PrevLen { get; }

    /// <summary>[B] offset of the next rows in each request's extend.</summary>
    public int[] NextStart { get; }

    /// <summary>[B] next rows of each request.</summary>
    public int[] NextLen { get; }

    /// <summary>[B] cumulative prev rows without a leading 0: FIA's actual_seq_lengths of the prev call.</summary>
    public int[] CuQPrev { get; }

    /// <summary>[B] cumulative next rows without a leading 0.</summary>
    public int[] CuQNext { get; }

    /// <summary>[B] keys that the last prev row of each request sees, prefix included: FIA's actual_seq_lengths_kv, not cumulative.</summary>
    public int[] KvPrev { get; }

    /// <summary>[B] keys that the last next row of each request sees, prefix included.</summary>
    public int[] KvNext { get; }

    /// <summary>[Rows] request of each local row.</summary>
    public int[] LocalToRequest { get; }

    /// <summary>[Rows] offset of each local row in its request's extend; its position is the request's prefix plus this.</summary>
    public int[] LocalToOffset { get; }

    /// <summary>[Rows] row of each local row in the buffer of a token gather around the MoE: gathered rows rank by rank, then the
    /// replicated rows.</summary>
    public int[] LocalToMoe { get; }

    /// <summary>[Rows] row of each local row in the buffer of a gather; -1 for replicated rows, which do not travel.</summary>
    public int[] LocalToGather { get; }

    /// <summary>Local rows of split and dealt requests, in order: what this rank contributes to a gather.</summary>
    public int[] GatherRows { get; }

    /// <summary>Local rows of replicated requests, in order; the same rows on every rank.</summary>
    public int[] ReplicatedRows { get; }

    /// <summary>Local row of the request's last token, or -1 when it lies elsewhere or the request has no rows.</summary>
    public int LastRow(int request)
    {
        var end = _extendLens[request];
        if (NextLen[request] > 0 && NextStart[request] + NextLen[request] == end)
        {
            return TotalQPrev + CuQNext[request] - 1;
        }

        return PrevLen[request] > 0 && PrevStart[request] + PrevLen[request] == end ? CuQPrev[request] - 1 : -1;
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

    private (int[] Gathered, int[] Replicated) SortByTravel(ReadOnlySpan<CpPlacement> placements, TokenGather gather)
    {
        var (start, rows) = gather.Range(CpRank);
        var gathered = new int[rows];
        var replicated = new int[Rows - rows];
        var (g, r) = (0, 0);
        for (var row = 0; row < Rows; row++)
        {
            if (placements[LocalToRequest[row]].Way == CpWay.Replicated)
            {
                LocalToMoe[row] = gather.TotalRows + r;
                LocalToGather[row] = -1;
                replicated[r++] = row;
            }
            else
            {
                LocalToMoe[row] = LocalToGather[row] = start + g;
                gathered[g++] = row;
            }
        }

        return (gathered, replicated);
    }
}
