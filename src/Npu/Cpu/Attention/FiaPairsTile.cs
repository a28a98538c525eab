using AkkaCp.Npu.Cpu.Assembled;

namespace AkkaCp.Npu.Cpu.Attention;

/// <summary>
/// Rows [FirstRow, FirstRow + Rows) of a task, up to 14 of one key/value head, whose rows begin at HeadRow. Any of them sees keys of
/// [Low, High) only, and each all keys of [AllLow, AllHigh), where that is a range.
/// </summary>
internal readonly unsafe record struct FiaPairsTile(int HeadRow, int FirstRow, int Rows, int Low, int High, int AllLow, int AllHigh)
{
    private const int MaxRows = TileAssembler.MaxRows;

    /// <summary>Tiles of each key/value head of a task.</summary>
    public static int CountOf(in FiaProblem problem, in FiaTask task) => ((task.Tokens * problem.Group) + MaxRows - 1) / MaxRows;

    /// <summary>Cuts all heads of a task whose rows are loaded; tiles of a head differ by one row at most.</summary>
    public static void Cut(in FiaProblem problem, in FiaTask task, FiaScratch scratch)
    {
        var (rows, tiles) = (task.Tokens * problem.Group, CountOf(problem, task));
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

    private static FiaPairsTile Of(in FiaProblem problem, int headRow, int firstRow, int rows, FiaScratch scratch)
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

        return new FiaPairsTile(headRow, firstRow, rows, low, high, allLow, allHigh);
    }
}
