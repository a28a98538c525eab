namespace AkkaCp.Pipeline.Partition;

/// <summary>
/// What one context-parallel rank owns of a <see cref="ZigzagPartition"/>: for each of the B requests a prev and a next block.
/// Its rows lie as all prev blocks in request order, then all next blocks in request order. Arrays are not to be written.
/// </summary>
public sealed class ZigzagRank
{
    internal ZigzagRank(int rank, int[] zigzagIndex, int[] qLenPrev, int[] qLenNext, int[] kvLenPrev, int[] kvLenNext)
    {
        Rank = rank;
        ZigzagIndex = zigzagIndex;
        QLenPrev = qLenPrev;
        QLenNext = qLenNext;
        KvLenPrev = kvLenPrev;
        KvLenNext = kvLenNext;
        CuQPrev = Cumulate(qLenPrev);
        CuQNext = Cumulate(qLenNext);
        MaxQPrev = qLenPrev.DefaultIfEmpty().Max();
        MaxQNext = qLenNext.DefaultIfEmpty().Max();
    }

    /// <summary>The context-parallel rank, 0 .. C-1.</summary>
    public int Rank { get; }

    /// <summary>[2B] numbers of the rank's blocks in the split list: prev block of each request, then next block of each.</summary>
    public int[] ZigzagIndex { get; }

    /// <summary>[B] query rows of the prev blocks.</summary>
    public int[] QLenPrev { get; }

    /// <summary>[B] query rows of the next blocks.</summary>
    public int[] QLenNext { get; }

    /// <summary>[B] keys that the last row of each prev block sees, prefix included.</summary>
    public int[] KvLenPrev { get; }

    /// <summary>[B] keys that the last row of each next block sees, prefix included.</summary>
    public int[] KvLenNext { get; }

    /// <summary>[B+1] cumulative <see cref="QLenPrev"/>, with a leading 0.</summary>
    public int[] CuQPrev { get; }

    /// <summary>[B+1] cumulative <see cref="QLenNext"/>, with a leading 0.</summary>
    public int[] CuQNext { get; }

    /// <summary>FIA's actual_seq_lengths of the prev call: cumulative, without the leading 0.</summary>
    public ReadOnlySpan<int> ActualSeqLengthsPrev => CuQPrev.AsSpan(1);

    /// <summary>FIA's actual_seq_lengths of the next call: cumulative, without the leading 0.</summary>
    public ReadOnlySpan<int> ActualSeqLengthsNext => CuQNext.AsSpan(1);

    /// <summary>Rows of all prev blocks; the queries are cut here between the two FIA calls.</summary>
    public int TotalQPrev => CuQPrev[^1];

    /// <summary>Rows of all next blocks.</summary>
    public int TotalQNext => CuQNext[^1];

    /// <summary>The longest prev block.</summary>
    public int MaxQPrev { get; }

    /// <summary>The longest next block.</summary>
    public int MaxQNext { get; }

    /// <summary>All rows of the rank.</summary>
    public int LogicalRows => TotalQPrev + TotalQNext;

    /// <summary>(query, key) pairs that causal attention computes on this rank: its share of the work.</summary>
    public long CausalPairs()
    {
        long pairs = 0;
        for (var b = 0; b < QLenPrev.Length; b++)
        {
            pairs += CausalPairs(QLenPrev[b], KvLenPrev[b]) + CausalPairs(QLenNext[b], KvLenNext[b]);
        }

        return pairs;
    }

    // Row i of q rows that end at key length kv sees kv − q + i + 1 keys.
    private static long CausalPairs(long q, long kv) => (q * (kv - q)) + (q * (q + 1) / 2);

    private static int[] Cumulate(int[] lengths)
    {
        var sums = new int[lengths.Length + 1];
        for (var i = 0; i < lengths.Length; i++)
        {
            sums[i + 1] = sums[i] + lengths[i];
        }

        return sums;
    }
}
