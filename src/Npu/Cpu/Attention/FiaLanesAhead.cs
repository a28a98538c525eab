namespace AkkaCp.Npu.Cpu.Attention;

/// <summary>
/// What the products of one head ask for: an equal share of the next block's keys and values, in the order of addresses, where the tokens
/// of all heads lie side by side; else all of the head's own, at once.
/// </summary>
internal readonly unsafe struct FiaLanesAhead<TElement>
    where TElement : struct, IKvElement
{
    /// <summary>Of key/value head <paramref name="head"/> of a task.</summary>
    public FiaLanesAhead(in FiaProblem problem, in FiaTask task, FiaKeyRows rows, int head)
    {
        var rowBytes = problem.HeadDim * TElement.Bytes;
        var width = task.KvHeads * problem.HeadDim;
        if (problem.KeyStrides.Token == width && problem.ValueStrides.Token == width)
        {
            var (row, rest) = Math.DivRem(head * Fia.Block, task.KvHeads);
            Keys = rows.NextKeys[row] + (rest * rowBytes);
            Values = rows.NextValues[row] + (rest * rowBytes);
            return;
        }

        var (keyOffset, valueOffset) = (FiaKeyRows.KeyOffset(problem, head), FiaKeyRows.ValueOffset(problem, head));
        rows.AskNext(0, 1, keyOffset * TElement.Bytes, valueOffset * TElement.Bytes, rowBytes);
        Keys = rows.Keys[0];
        Values = rows.Values[0];
    }

    /// <summary>What the scores ask for.</summary>
    public byte* Keys { get; }

    /// <summary>What the sums of values ask for.</summary>
    public byte* Values { get; }
}
