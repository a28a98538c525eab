namespace AkkaCp.Npu.Cpu.Attention;

/// <summary>What a tile does with one block of keys: all key/value heads of the task.</summary>
internal interface IFiaBlock
{
    /// <summary>Adds keys [first, first + count), where <paramref name="rows"/> has them, to <paramref name="sums"/>.</summary>
    void Add(in FiaProblem problem, in FiaTask task, int first, int count, FiaKeyRows rows, FiaScratch scratch, FiaSums sums);
}

/// <summary>Leads a tile over its key blocks, segment by segment, and joins the segments in order; see <see cref="Fia"/>.</summary>
internal static unsafe class FiaWalk<TElement, TBlock>
    where TElement : struct, IKvElement
    where TBlock : struct, IFiaBlock
{
    private const int Block = Fia.Block;

    /// <summary>
    /// Walks the keys of <paramref name="seen"/> that are the task's own; writes the tile's rows, or leaves sums in
    /// <paramref name="share"/>.
    /// </summary>
    public static void Compute(
        in FiaProblem problem, in FiaTask task, (int Low, int High) seen, FiaScratch scratch, FiaSums? share, TBlock block)
    {
        var (low, high) = (Math.Max(seen.Low, task.FirstKey), Math.Min(seen.High, task.EndKey));
        var (rows, width) = (task.KvHeads * Fia.PaddedRows(task.Tokens * problem.Group), Fia.SumWidth(problem.HeadDim));
        var sums = share ?? scratch.Sums;
        sums.Clear(rows, width);
        var joined = (high - 1) / Fia.Segment > low / Fia.Segment;
        if (joined)
            scratch.Total.Clear(rows, width);

        for (var first = low; first < high;)
        {
            var end = Math.Min(high, ((first / Fia.Segment) + 1) * Fia.Segment);
            Walk(problem, task, first, end, high, scratch, sums, block);
            if (joined)
            {
                FiaMerge.AddInPlace(scratch.Total, sums, rows, width, problem.ScoreUnit);
                sums.Clear(rows, width);
            }

            first = end;
        }

        if (share is null)
            Fia.Store(problem, task, joined ? scratch.Total : sums);
    }

    // Keys [low, high) of one segment; those up to `end` come next.
    private static void Walk(
        in FiaProblem problem, in FiaTask task, int low, int high, int end, FiaScratch scratch, FiaSums sums, TBlock block)
    {
        var rows = new FiaKeyRows(scratch.KeyRows, scratch.ValueRows);
        rows.Locate<TElement>(problem, task, low / Block * Block, low, end);
        for (var first = low / Block * Block; first < high; first += Block)
        {
            rows.LocateNext<TElement>(problem, task, first, end);
            block.Add(problem, task, first, Math.Min(high - first, Block), rows, scratch, sums);
            rows.Advance();
        }
    }
}
