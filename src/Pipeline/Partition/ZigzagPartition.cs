using System.Diagnostics;

namespace AkkaCp.Pipeline.Partition;

/// <summary>
/// The zigzag split of B requests over C context-parallel ranks (sglang's zigzag context parallelism): S = 2C blocks a request,
/// block r and block S−1−r on rank r. Pure integers: every rank builds the same partition from the same lengths.
/// </summary>
public sealed class ZigzagPartition
{
    private readonly int[] _extendLens;
    private readonly int[] _prefixLens;
    private readonly ZigzagRank[] _ranks;

    private ZigzagPartition(int cpSize, int[] extendLens, int[] prefixLens)
    {
        CpSize = cpSize;
        _extendLens = extendLens;
        _prefixLens = prefixLens;
        TotalTokens = extendLens.Sum();
        SplitList = BuildSplitList();
        _ranks = [.. Enumerable.Range(0, cpSize).Select(BuildRank)];
        PerRankTokens = [.. _ranks.Select(rank => rank.LogicalRows)];
        ReverseSplitLen = [.. _ranks.SelectMany(rank => rank.QLenPrev.Concat(rank.QLenNext))];
        RestoreOrder = BuildRestoreOrder();
        AssertInvariants();
    }

    /// <summary>C, ranks that share the tokens.</summary>
    public int CpSize { get; }

    /// <summary>S = 2C, blocks of each request.</summary>
    public int SegmentsPerRequest => 2 * CpSize;

    /// <summary>B.</summary>
    public int Requests => _extendLens.Length;

    /// <summary>New tokens of all requests, surplus included.</summary>
    public int TotalTokens { get; }

    /// <summary>[B] new tokens of each request; the surplus rows of the batch count as the last one's.</summary>
    public ReadOnlySpan<int> ExtendLens => _extendLens;

    /// <summary>[B] tokens of each request that are in the KV pool already.</summary>
    public ReadOnlySpan<int> PrefixLens => _prefixLens;

    /// <summary>[B·S] block sizes, request by request.</summary>
    public IReadOnlyList<int> SplitList { get; }

    /// <summary>[C] rows of each rank.</summary>
    public IReadOnlyList<int> PerRankTokens { get; }

    /// <summary>The most rows of any rank.</summary>
    public int MaxRankLen => PerRankTokens.Max();

    /// <summary>[B·S] block sizes in the order in which an all-gather delivers the blocks: rank-major.</summary>
    public IReadOnlyList<int> ReverseSplitLen { get; }

    /// <summary>[B·S] which delivered block comes next in sequence order (cp_reverse_index); a permutation.</summary>
    public IReadOnlyList<int> RestoreOrder { get; }

    /// <summary>What each rank owns.</summary>
    public IReadOnlyList<ZigzagRank> Ranks => _ranks;

    /// <summary>Splits a batch.</summary>
    /// <param name="extendLens">[B] new tokens of each request.</param>
    /// <param name="prefixLens">[B] tokens before them, or empty when no request has any.</param>
    /// <param name="cpSize">C.</param>
    /// <param name="numTokens">Rows that the batch carries when padding made it longer than the sum of
    /// <paramref name="extendLens"/>; the surplus extends the last request and leaves every prefix as it is.</param>
    /// <exception cref="ArgumentException">Lengths or sizes are wrong; the message names all mistakes.</exception>
    public static ZigzagPartition Create(ReadOnlySpan<int> extendLens, ReadOnlySpan<int> prefixLens, int cpSize,
        int? numTokens = null)
    {
        var problems = Problems(extendLens, prefixLens, cpSize, numTokens);
        if (problems.Count > 0)
        {
            throw new ArgumentException($"{nameof(ZigzagPartition)}: {string.Join("; ", problems)}");
        }

        int[] extend = [.. extendLens];
        if (numTokens is { } rows && extend.Length > 0)
        {
            extend[^1] += rows - extend.Sum();
        }

        return new ZigzagPartition(cpSize, extend, prefixLens.IsEmpty ? new int[extend.Length] : [.. prefixLens]);
    }

    /// <summary>Rows of a rank, in its local order, as row numbers of the flattened batch (requests one after another).</summary>
    /// <param name="cpRank">0 .. C-1.</param>
    public int[] GlobalRows(int cpRank)
    {
        var rows = new int[PerRankTokens[cpRank]];
        FillGlobalRows(cpRank, rows);
        return rows;
    }

    /// <summary>[T] row numbers of the flattened batch in the order of the gathered buffer: rank by rank, each in local order.</summary>
    public int[] RankMajorOrder()
    {
        var order = new int[TotalTokens];
        var rest = order.AsSpan();
        for (var rank = 0; rank < CpSize; rank++)
        {
            FillGlobalRows(rank, rest);
            rest = rest[PerRankTokens[rank]..];
        }

        return order;
    }

    private static List<string> Problems(ReadOnlySpan<int> extendLens, ReadOnlySpan<int> prefixLens, int cpSize, int? numTokens)
    {
        var problems = new List<string>();
        if (cpSize < 1)
        {
            problems.Add($"{nameof(cpSize)}: expected at least 1, found {cpSize}");
        }

        if (!prefixLens.IsEmpty && prefixLens.Length != extendLens.Length)
        {
            problems.Add($"{nameof(prefixLens)}: expected {extendLens.Length} lengths or none, found {prefixLens.Length}");
        }

        var total = AddLengthProblems(extendLens, nameof(extendLens), problems);
        AddLengthProblems(prefixLens, nameof(prefixLens), problems);
        if (numTokens < total)
        {
            problems.Add($"{nameof(numTokens)}: expected at least the {total} tokens of {nameof(extendLens)}, found {numTokens}");
        }

        if (numTokens > 0 && extendLens.IsEmpty)
        {
            problems.Add($"{nameof(numTokens)}: expected 0 without requests, found {numTokens}");
        }

        return problems;
    }

    private static long AddLengthProblems(ReadOnlySpan<int> lengths, string name, List<string> problems)
    {
        long total = 0;
        for (var b = 0; b < lengths.Length; b++)
        {
            total += Math.Max(lengths[b], 0);
            if (lengths[b] < 0)
            {
                problems.Add($"{name}[{b}]: expected at least 0, found {lengths[b]}");
            }
        }

        if (total > int.MaxValue)
        {
            problems.Add($"{name}: expected at most {int.MaxValue} tokens together, found {total}");
        }

        return total;
    }

    private int[] BuildSplitList()
    {
        var split = new int[Requests * SegmentsPerRequest];
        for (var b = 0; b < Requests; b++)
        {
            var blocks = new ZigzagBlocks(_extendLens[b], CpSize);
            for (var i = 0; i < SegmentsPerRequest; i++)
            {
                split[(b * SegmentsPerRequest) + i] = blocks.Length(i);
            }
        }

        return split;
    }

    private ZigzagRank BuildRank(int cpRank)
    {
        var index = new int[2 * Requests];
        var lengths = (QPrev: new int[Requests], QNext: new int[Requests], KvPrev: new int[Requests], KvNext: new int[Requests]);
        for (var b = 0; b < Requests; b++)
        {
            var blocks = new ZigzagBlocks(_extendLens[b], CpSize);
            var next = blocks.NextBlock(cpRank);
            index[b] = cpRank + (b * SegmentsPerRequest);
            index[Requests + b] = next + (b * SegmentsPerRequest);
            lengths.QPrev[b] = blocks.Length(cpRank);
            lengths.QNext[b] = blocks.Length(next);
            lengths.KvPrev[b] = _prefixLens[b] + blocks.End(cpRank);
            lengths.KvNext[b] = _prefixLens[b] + blocks.End(next);
        }

        return new ZigzagRank(cpRank, index, lengths.QPrev, lengths.QNext, lengths.KvPrev, lengths.KvNext);
    }

    // Delivered block (r, half, b) has number 2B·r + half·B + b. In sequence order a request's blocks are the prev blocks of
    // ranks 0 .. C−1, then the next blocks of ranks C−1 .. 0.
    private int[] BuildRestoreOrder()
    {
        var order = new int[Requests * SegmentsPerRequest];
        for (var b = 0; b < Requests; b++)
        {
            for (var i = 0; i < SegmentsPerRequest; i++)
            {
                var delivered = i < CpSize ? 2 * i : (2 * (SegmentsPerRequest - 1 - i)) + 1;
                order[(b * SegmentsPerRequest) + i] = (delivered * Requests) + b;
            }
        }

        return order;
    }

    private void FillGlobalRows(int cpRank, Span<int> rows)
    {
        var written = 0;
        foreach (var next in (ReadOnlySpan<bool>)[false, true])
        {
            var first = 0;
            foreach (var extend in _extendLens)
            {
                var blocks = new ZigzagBlocks(extend, CpSize);
                var block = next ? blocks.NextBlock(cpRank) : cpRank;
                for (var offset = blocks.Start(block); offset < blocks.End(block); offset++)
                {
                    rows[written++] = first + offset;
                }

                first += extend;
            }
        }
    }

    private void AssertInvariants()
    {
        Debug.Assert(SplitList.Count == Requests * SegmentsPerRequest, "every request has S blocks");
        Debug.Assert(SplitList.Sum() == TotalTokens, "the blocks hold every token");
        Debug.Assert(PerRankTokens.Sum() == TotalTokens, "the ranks hold every token");
        Debug.Assert(_ranks.All(rank => rank.ZigzagIndex.Length == 2 * Requests), "two blocks of each request on each rank");
        Debug.Assert(RestoreOrder.Order().SequenceEqual(Enumerable.Range(0, SplitList.Count)), "the restore order is a permutation");
    }
}
