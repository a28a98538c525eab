using AkkaCp.Npu;

namespace AkkaCp.Collectives.Groups;

/// <summary>
/// One member's call of a collective: what it means by the tag, and its tensors. <see cref="Send"/> is read and
/// <see cref="Receive"/> written; in-place operations have the same view in both.
/// </summary>
internal readonly struct CollectiveCall
{
    public required int Member { get; init; }

    public required CollectiveOperation Operation { get; init; }

    public TensorView Send { get; init; }

    public TensorView Receive { get; init; }

    /// <summary>Rows of each member; empty for operations in place.</summary>
    public ReadOnlyMemory<int> RowsPerRank { get; init; }

    public int Root { get; init; }

    /// <summary>What is wrong with the call by itself, as expected and found; null when nothing is.</summary>
    public (string Expected, string Found)? Problem(int groupSize)
    {
        switch (Operation)
        {
            case CollectiveOperation.Barrier:
                return null;
            case CollectiveOperation.Broadcast when Root < 0 || Root >= groupSize:
                return ($"a root below {groupSize}", $"{Root}");
            case CollectiveOperation.Broadcast:
                return null;
            case CollectiveOperation.AllReduce:
                return NotF32(Send);
            case CollectiveOperation.AllGather:
                return RowCountProblem(groupSize) ?? ShapeProblem("send", Send, Own) ?? ShapeProblem("receive", Receive, Total);
            default:
                return NotF32(Send) ?? RowCountProblem(groupSize) ?? ShapeProblem("send", Send, Total)
                    ?? ShapeProblem("receive", Receive, Own);
        }
    }

    /// <summary>Whether both mean the same collective.</summary>
    public bool AgreesWith(in CollectiveCall other) =>
        Operation == other.Operation && Root == other.Root && Send.DType == other.Send.DType && RowLength == other.RowLength
        && (IsInPlace ? Send.Rows == other.Send.Rows : RowsPerRank.Span.SequenceEqual(other.RowsPerRank.Span));

    /// <summary>Operation, rows, row length and type.</summary>
    public override string ToString() => Operation switch
    {
        CollectiveOperation.Barrier => "Barrier",
        CollectiveOperation.Broadcast => $"Broadcast from member {Root} of {Send.Rows} rows of {RowLength} {Send.DType}",
        CollectiveOperation.AllReduce => $"AllReduce of {Send.Rows} rows of {RowLength} {Send.DType}",
        _ => $"{Operation} of [{string.Join(", ", RowsPerRank.ToArray())}] rows of {RowLength} {Send.DType}",
    };

    private bool IsInPlace => Operation is CollectiveOperation.AllReduce or CollectiveOperation.Broadcast or CollectiveOperation.Barrier;

    private int RowLength => Send.RowLength;

    private long Own => RowsPerRank.Span[Member];

    private long Total
    {
        get
        {
            long total = 0;
            foreach (var rows in RowsPerRank.Span)
            {
                total += rows;
            }

            return total;
        }
    }

    private static (string, string)? NotF32(TensorView view) => view.DType == DType.F32 ? null : ("F32 to sum", $"{view.DType}");

    private (string, string)? RowCountProblem(int groupSize)
    {
        if (RowsPerRank.Length != groupSize)
        {
            return ($"row counts of {groupSize} members", $"{RowsPerRank.Length} counts");
        }

        foreach (var rows in RowsPerRank.Span)
        {
            if (rows < 0)
            {
                return ("row counts of 0 or more", $"{rows}");
            }
        }

        return null;
    }

    private (string, string)? ShapeProblem(string name, TensorView view, long rows) =>
        view.Rows == rows && view.RowLength == RowLength && view.DType == Send.DType
            ? null
            : ($"{name} of {rows} rows of {RowLength} {Send.DType}", $"{view.Rows} rows of {view.RowLength} {view.DType}");
}
