namespace AkkaCp.Npu.Cpu.Attention;

/// <summary>
/// Rows [FirstRow, FirstRow + Rows) of a task, as many as product tiles take at a time or fewer, of one key/value head, whose rows begin
/// at HeadRow. Any of them sees keys of [Low, High) only, and each all keys of [AllLow, AllHigh), where that is a range.
/// </summary>
internal readonly unsafe record struct FiaRowTile(int HeadRow, int FirstRow, int Rows, int Low, int High, int AllLow, int AllHigh)
{
    /// <summary>Tiles of each key/value head of a task.</summary>
    public static int CountOf(in FiaProblem problem, in FiaTask task, int maxRows) =>
        ((task.Tokens * problem.Group) + maxRows - 1) / maxRows;

    /// <summary>Cuts all heads of a task whose rows are loaded; tiles of a head differ by one row at most.</summary>
    public static void Cut(in FiaProblem problem, in FiaTask task, int maxRows, FiaScratch scratch)
    {
        var (rows, tiles) = (task.Tokens * problem.Group, CountOf(problem, task, maxRows));
        for (var head = 0; head < task.KvHeads; head++)
        {
            var first = head * Fia.PaddedRows(rows);
            for (var tile = 0; tile < tiles; tile++)
            {
                var (from, end) = (first + (rows * tile / tiles), first + (rows * (tile + 1) / tiles));
                scratch.Tiles[(head * tiles) + tile] = Of(problem, first, from, end - from, scratch);
            }
        }
    }

    /// <summary>Whether all rows see the whole block at key <paramref name="first"/>.</summary>
    public bool AllSee(int first) => AllLow <= first && AllHigh >= first + Fia.Block;

    /// <summary>Keys of the block at key <paramref name="first"/> that any row sees, from its beginning on; From >= End: none.</summary>
    public (int From, int End) Seen(int first) => (Math.Max(Low - first, 0), Math.Min(High - first, Fia.Block));

    /// <summary>The mask of a row from key <paramref name="first"/> on; empty where there is none, or the row sees nothing.</summary>
    public ReadOnlySpan<byte> Hidden(in FiaProblem problem, in FiaTask task, int row, int first, FiaScratch scratch) =>
        problem.Visibility.Mask is null || scratch.High[row] == 0
            ? default
            : problem.Visibility.MaskRow(task.Request, task.FirstToken + ((row - HeadRow) / problem.Group))[first..];

    private static FiaRowTile Of(in FiaProblem problem, int headRow, int firstRow, int rows, FiaScratch scratch)
    {
        var (low, high, allLow, allHigh) = (int.MaxValue, 0, 0, problem.Visibility.Mask is null ? int.MaxValue : 0);
        for (var r = firstRow; r < firstRow + rows; r++)
        {
            allLow = Math.Max(allLow, scratch.Low[r]);
            allHigh = Math.Min(allHigh, scratch.High[r]);
            if (scratch.Low[r] < scratch.High[r])
            {
                low = Math.Min(low, scratch.Low[r]);
                high = Math.Max(high, scratch.High[r]);
            }
        }

        return new FiaRowTile(headRow, firstRow, rows, low, high, allLow, allHigh);
    }
}
