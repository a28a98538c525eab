using AkkaCp.Pipeline.Partition;

namespace AkkaCp.Cli.Display;

/// <summary>A batch of prompts that are all split over the context-parallel ranks, cut by the computation that the ranks run.</summary>
internal sealed class BatchCut
{
    /// <param name="extend">[B] new tokens of each request.</param>
    /// <param name="prefix">[B] tokens of each that are in the KV pool already; none where nothing is.</param>
    /// <param name="cpSize">C.</param>
    /// <exception cref="ArgumentException">A length or size cannot be.</exception>
    public BatchCut(int[] extend, int[] prefix, int cpSize)
    {
        Requests = [.. extend.Select((length, b) => new RequestLength(length, prefix.Length == 0 ? 0 : prefix[b], IsDecode: false))];
        Rows = StepRows.Create(Requests, [.. Requests.Select(_ => new CpPlacement(PlacementKind.Split, Owner: 0))], cpSize);
    }

    /// <summary>[B].</summary>
    public RequestLength[] Requests { get; }

    /// <summary>What lies where.</summary>
    public StepRows Rows { get; }

    /// <summary>2C.</summary>
    public int BlocksPerRequest => 2 * Rows.CpSize;

    /// <summary>[B·2C] sizes of all blocks, request by request.</summary>
    public IEnumerable<int> BlockLengths() => EachBlock((request, rank, isNext) =>
        isNext ? Rows.Rank(rank).NextLen[request] : Rows.Rank(rank).PrevLen[request]);

    /// <summary>[B·2C] for each block in sequence order, its place among the blocks that an all-gather delivers: rank by rank, the prev
    /// blocks of all requests before their next blocks.</summary>
    public IEnumerable<int> RestoreOrder() => EachBlock((request, rank, isNext) =>
        (((2 * rank) + (isNext ? 1 : 0)) * Requests.Length) + request);

    /// <summary>Rows of a rank, in its local order, as row numbers of the batch: its requests one after another.</summary>
    public IEnumerable<int> GlobalRows(int rank)
    {
        var first = new int[Requests.Length];
        for (var b = 1; b < first.Length; b++)
            first[b] = first[b - 1] + Requests[b - 1].Extend;
        var rows = Rows.Rank(rank);
        return rows.LocalToRequest.Zip(rows.LocalToOffset, (request, offset) => first[request] + offset);
    }

    // In sequence order a request's blocks are the prev blocks of ranks 0 .. C−1, then the next blocks of ranks C−1 .. 0.
    private IEnumerable<int> EachBlock(Func<int, int, bool, int> value) =>
        from request in Enumerable.Range(0, Requests.Length)
        from block in Enumerable.Range(0, BlocksPerRequest)
        let isNext = block >= Rows.CpSize
        select value(request, isNext ? BlocksPerRequest - 1 - block : block, isNext);
}
