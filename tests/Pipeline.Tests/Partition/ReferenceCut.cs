using AkkaCp.Pipeline.Partition;

namespace AkkaCp.Pipeline.Tests.Partition;

/// <summary>
/// The numbers of the reference system's zigzag partition that this engine has no use for, read off the rows that ranks run
/// (<see cref="StepRows"/>) of a step whose requests are all split. The engine folds the restore order into slots, pads nothing and
/// numbers no blocks; the vectors name all of it.
/// </summary>
internal sealed class ReferenceCut
{
    private readonly Piece[] _delivered;
    private readonly Piece[] _sequence;
    private readonly int[] _firstRows;

    /// <param name="requests">[B].</param>
    /// <param name="cpSize">C.</param>
    public ReferenceCut(RequestLength[] requests, int cpSize)
    {
        Step = StepRows.Create(requests, [.. requests.Select(_ => new CpPlacement(PlacementKind.Split, 0))], cpSize);
        Ranks = [.. Enumerable.Range(0, cpSize).Select(Step.Rank)];
        _firstRows = [.. requests.Select((_, b) => requests.Take(b).Sum(request => request.Extend))];
        _delivered = [.. Ranks.SelectMany(rank => PiecesOf(rank, isNext: false).Concat(PiecesOf(rank, isNext: true)))];

        // Blocks without rows begin where their neighbours do: of those the early halves come first,
        // then late ones from the last rank down.
        _sequence = [.. _delivered.OrderBy(piece => piece.Request).ThenBy(piece => piece.Start).ThenBy(piece => piece.IsNext)
            .ThenBy(piece => piece.IsNext ? -piece.Rank : piece.Rank)];
    }

    /// <summary>The rows that ranks run.</summary>
    public StepRows Step { get; }

    /// <summary>[C].</summary>
    public RankRows[] Ranks { get; }

    /// <summary>S, blocks of each request.</summary>
    public int SegmentsPerRequest => _firstRows.Length == 0 ? 2 * Step.CpSize : _sequence.Length / _firstRows.Length;

    /// <summary>[B·S] block sizes in sequence order.</summary>
    public IEnumerable<int> SplitList => _sequence.Select(piece => piece.Length);

    /// <summary>[B·S] block sizes in the order in which an all-gather delivers the blocks: rank-major.</summary>
    public IEnumerable<int> ReverseSplitLen => _delivered.Select(piece => piece.Length);

    /// <summary>[B·S] which delivered block comes next in sequence order.</summary>
    public IEnumerable<int> RestoreOrder => _sequence.Select(piece => Array.IndexOf(_delivered, piece));

    /// <summary>[T] row numbers of the flattened batch in the order of the gathered buffer.</summary>
    public IEnumerable<int> RankMajorOrder => Flat(Step.GatheredRequest, Step.GatheredOffset);

    /// <summary>[2B] numbers of the rank's blocks in the split list: prev block of each request, then next block of each.</summary>
    public IEnumerable<int> ZigzagIndex(int rank) =>
        _delivered.Where(piece => piece.Rank == rank).Select(piece => Array.IndexOf(_sequence, piece));

    /// <summary>Row numbers of the flattened batch of a rank's rows.</summary>
    public IEnumerable<int> GlobalRows(int rank) => Flat(Ranks[rank].LocalToRequest, Ranks[rank].LocalToOffset);

    /// <summary>(query, key) pairs that causal attention computes on a rank: row i of q rows that end at key length kv
    /// sees kv − q + i + 1 keys.</summary>
    public static long CausalPairs(RankRows rank) =>
        rank.PrevLen.Zip(rank.KvPrev, CausalPairs).Sum() + rank.NextLen.Zip(rank.KvNext, CausalPairs).Sum();

    /// <summary>Rows that every rank carries where all must carry as many: the most of any, rounded up to
    /// <paramref name="align"/>.</summary>
    public static int PhysicalRows(IEnumerable<int> logicalRows, int align) => (logicalRows.Max() + align - 1) / align * align;

    private static long CausalPairs(int q, int kv) => ((long)q * (kv - q)) + ((long)q * (q + 1) / 2);

    private static IEnumerable<Piece> PiecesOf(RankRows rank, bool isNext) =>
        (isNext ? rank.NextStart.Zip(rank.NextLen) : rank.PrevStart.Zip(rank.PrevLen))
        .Select((block, b) => new Piece(b, rank.CpRank, isNext, block.First, block.Second));

    private IEnumerable<int> Flat(int[] requests, int[] offsets) => requests.Zip(offsets, (b, offset) => _firstRows[b] + offset);

    private readonly record struct Piece(int Request, int Rank, bool IsNext, int Start, int Length);
}
