using AkkaCp.Collectives.Wire;
using AkkaCp.Npu;

namespace AkkaCp.Collectives.Groups;

/// <summary>What a member means by a tag, tensors left out: equal on all members, or the call is a mistake.</summary>
internal readonly record struct CallShape
{
    private const ulong FnvOffset = 14695981039346656037;
    private const ulong FnvPrime = 1099511628211;

    public required GroupOperation Operation { get; init; }

    public DType DType { get; init; }

    /// <summary>Rows of the tensor; 0 where each member has its own.</summary>
    public int Rows { get; init; }

    public int RowLength { get; init; }

    /// <summary>Rows of each member; empty where all have the same.</summary>
    public ReadOnlyMemory<int> RowsPerRank { get; init; }

    /// <summary>Member whose rows are transferred.</summary>
    public int From { get; init; }

    /// <summary>Member that they are transferred to.</summary>
    public int To { get; init; }

    /// <summary>A 64-bit FNV-1a hash of all of it, for frames.</summary>
    public ulong Signature()
    {
        var hash = Add(Add(Add(Add(FnvOffset, (int)Operation), (int)DType), Rows), RowLength);
        hash = Add(Add(hash, From), To);
        foreach (var rows in RowsPerRank.Span)
            hash = Add(hash, rows);

        return hash;
    }

    /// <summary>Whether a member takes part.</summary>
    public bool Involves(int member) => Operation != GroupOperation.Transfer || member == From || member == To;

    /// <summary>Rows before a member's own.</summary>
    public int RowsBefore(int member)
    {
        var rows = 0;
        foreach (var count in RowsPerRank.Span[..member])
            rows += count;

        return rows;
    }

    /// <summary>What is wrong with a member's call by itself, as expected and found; null when nothing is.</summary>
    public (string Expected, string Found)? Problem(int groupSize, int member, TensorView send, TensorView receive)
    {
        switch (Operation)
        {
            case GroupOperation.AllReduce:
                return send.DType == DType.F32 ? null : ("F32 to sum", $"{send.DType}");
            case GroupOperation.Transfer:
                return EndsProblem(groupSize, member);
            default:
                return RowCountProblem(groupSize) ?? TensorProblem("send", send, RowsPerRank.Span[member])
                    ?? TensorProblem("receive", receive, TotalRows());
        }
    }

    /// <summary>Operation, rows, row length and type.</summary>
    public override string ToString() => Operation switch
    {
        GroupOperation.Transfer => $"Transfer from member {From} to {To} of {Rows} rows of {RowLength} {DType}",
        GroupOperation.AllReduce => $"AllReduce of {Rows} rows of {RowLength} {DType}",
        _ => $"{Operation} of [{string.Join(", ", RowsPerRank.ToArray())}] rows of {RowLength} {DType}",
    };

    private static ulong Add(ulong hash, int value)
    {
        for (var shift = 0; shift < 32; shift += 8)
            hash = (hash ^ (byte)(value >> shift)) * FnvPrime;

        return hash;
    }

    private long TotalRows()
    {
        long total = 0;
        foreach (var rows in RowsPerRank.Span)
            total += rows;

        return total;
    }

    private (string, string)? EndsProblem(int groupSize, int member)
    {
        if (From == To || Math.Min(From, To) < 0 || Math.Max(From, To) >= groupSize)
            return ($"two members below {groupSize}", $"a transfer from member {From} to {To}");

        return Involves(member) ? null : ($"a call of member {From} or {To}", $"one of member {member}");
    }

    private (string, string)? RowCountProblem(int groupSize)
    {
        if (RowsPerRank.Length != groupSize)
            return ($"row counts of {groupSize} members", $"{RowsPerRank.Length} counts");

        foreach (var rows in RowsPerRank.Span)
        {
            if (rows < 0)
                return ("row counts of 0 or more", $"{rows}");
        }

        return null;
    }

    private (string, string)? TensorProblem(string name, TensorView view, long rows) =>
        view.Rows == rows && view.RowLength == RowLength && view.DType == DType
            ? null
            : ($"{name} of {rows} rows of {RowLength} {DType}", $"{view.Rows} rows of {view.RowLength} {view.DType}");
}
