using AkkaCp.Npu.Cpu.Simd;

namespace AkkaCp.Npu.Cpu.Attention;

/// <summary>
/// The walk of one tile over its key blocks; see <see cref="Fia"/>. r counts the tile's rows: key/value head by head, in a head token by
/// token, in a token query head by query head, each key/value head padded to whole groups of 8 with rows that see nothing; k counts
/// keys within a block, d the head dimension.
/// </summary>
internal static unsafe class FiaLoop<TSimd, TVector, TElement>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
    where TElement : struct, IKvElement
{
    private const int Block = Fia.Block;
    private const int PanelColumns = Fia.PanelColumns;
    private const int GroupRows = Fia.GroupRows;

    /// <summary>
    /// One group of rows that all see the same keys reads each value once: no need to copy them, or to look for infinities.
    /// </summary>
    public static bool ReadsInPlace(in FiaProblem problem, in FiaTask task) =>
        task.Tokens == 1 && problem.Group <= GroupRows && problem.Visibility.Mask is null && problem.HeadDim % PanelColumns == 0;

    public static void Compute(in FiaProblem problem, in FiaTask task, FiaScratch scratch, FiaSums? share) =>
        FiaWalk<TElement, Blocks>.Compute(problem, task, FiaRows.Load(problem, task, scratch), scratch, share, default);

    private readonly struct Blocks : IFiaBlock
    {
        public void Add(in FiaProblem problem, in FiaTask task, int first, int count, FiaKeyRows rows, FiaScratch scratch, FiaSums sums)
        {
            var keysAhead = FiaAhead.Over<TElement>(rows.NextKeys, problem.KeyStrides, task.KvHeads, problem.HeadDim);
            var valuesAhead = FiaAhead.Over<TElement>(rows.NextValues, problem.ValueStrides, task.KvHeads, problem.HeadDim);
            for (var head = 0; head < task.KvHeads; head++)
                Step(problem, task, head, first, count, rows, &keysAhead, &valuesAhead, scratch, sums);
        }
    }

    // One key/value head against one block.
    private static void Step(
        in FiaProblem problem, in FiaTask task, int head, int first, int count, FiaKeyRows keyRows,
        FiaAhead* keysAhead, FiaAhead* valuesAhead, FiaScratch scratch, FiaSums sums)
    {
        var rows = task.Tokens * problem.Group;
        var groups = (rows + GroupRows - 1) / GroupRows;
        var tile = new Rows(head * groups, (head + 1) * groups, rows, head * groups * GroupRows);
        FindSeen(tile, first, scratch);
        var keyOffset = FiaKeyRows.KeyOffset(problem, head) * TElement.Bytes;
        var valueOffset = FiaKeyRows.ValueOffset(problem, head) * TElement.Bytes;
        FiaPack<TElement>.Keys(keyRows.Keys, keyOffset, count, problem.HeadDim, scratch.KeyPanels);

        // Then it waits for memory more than it computes, so both products ask for the next block: the scores for its values, the sums
        // for its keys.
        var inPlace = ReadsInPlace(problem, task);
        if (inPlace)
            ScoreAhead(problem.HeadDim, tile, valuesAhead, scratch);
        else
            Score(problem.HeadDim, tile, scratch);

        var allFinite = inPlace || FiaPack<TElement>.Values(
            keyRows.Values, valueOffset, count, problem.HeadDim, Block, scratch.ValuePanels);
        for (var group = tile.FirstGroup; group < tile.EndGroup; group++)
            Weigh(problem, task, tile, group, first, scratch, sums);

        if (inPlace)
            AccumulateInPlace(problem.HeadDim, tile, keyRows, valueOffset, keysAhead, scratch, sums);
        else if (allFinite)
            Accumulate(problem.HeadDim, tile, scratch, sums);
        else
            AccumulateVisible(problem, task, tile, first, scratch, sums);
    }

    // Panel by panel, so that a panel stays in L1 for all rows of the tile.
    private static void Score(int headDim, Rows tile, FiaScratch scratch)
    {
        for (var panel = 0; panel < Block; panel += PanelColumns)
        {
            for (var group = tile.FirstGroup; group < tile.EndGroup; group++)
            {
                var (from, end) = (scratch.From[group], scratch.End[group]);
                if (from < panel + PanelColumns && end > panel)
                {
                    var r = group * GroupRows;
                    FiaTile<TSimd, TVector>.Multiply(
                        scratch.Query + ((nint)r * headDim), headDim, tile.RowsOf(group), headDim,
                        scratch.KeyPanels + ((nint)panel * headDim),
                        scratch.Score + (r * Block) + panel, Block, null);
                }
            }
        }
    }

    // As Score, for the only group of its head.
    private static void ScoreAhead(int headDim, Rows tile, FiaAhead* next, FiaScratch scratch)
    {
        var (group, r) = (tile.FirstGroup, tile.FirstGroup * GroupRows);
        var (from, end) = (scratch.From[group], scratch.End[group]);
        for (var panel = from / PanelColumns * PanelColumns; panel < end; panel += PanelColumns)
        {
            FiaTile<TSimd, TVector>.MultiplyAhead(
                scratch.Query + ((nint)r * headDim), headDim, tile.RowsOf(group), headDim, scratch.KeyPanels + ((nint)panel * headDim),
                scratch.Score + (r * Block) + panel, Block, next->Take(headDim));
        }
    }

    private static void Weigh(in FiaProblem problem, in FiaTask task, Rows tile, int group, int first, FiaScratch scratch, FiaSums sums)
    {
        var (from, end) = (scratch.From[group], scratch.End[group]);
        if (from >= end)
            return;

        var r = group * GroupRows;
        var (firstPanel, endPanel) = (from / PanelColumns, (end + PanelColumns - 1) / PanelColumns);
        var (firstKey, endKey) = (firstPanel * PanelColumns, endPanel * PanelColumns);
        for (var row = r; row < r + GroupRows; row++)
        {
            if (scratch.Low[row] > first + firstKey || scratch.High[row] < first + endKey || problem.Visibility.Mask is not null)
            {
                FiaSoftmax<TSimd, TVector>.Hide(
                    scratch.Score + (row * Block), firstKey, endKey, scratch.Low[row] - first, scratch.High[row] - first,
                    Hidden(problem, task, tile, row, first, scratch));
            }
        }

        FiaSoftmax<TSimd, TVector>.Weigh(
            scratch.Score + (r * Block), Block, firstPanel, endPanel, GroupRows, sums.Max + r, scratch.Decay + r,
            sums.Weight + (r * Fia.WeightLanes));
    }

    private static void AccumulateInPlace(
        int headDim, Rows tile, FiaKeyRows keyRows, nint valueOffset, FiaAhead* next, FiaScratch scratch, FiaSums sums)
    {
        var (group, width) = (tile.FirstGroup, Fia.SumWidth(headDim));
        var (from, end) = (scratch.From[group], scratch.End[group]);
        var r = group * GroupRows;
        for (var panel = 0; panel < width && from < end; panel += PanelColumns)
        {
            FiaTile<TSimd, TVector>.MultiplyInPlace<TElement>(
                scratch.Score + (r * Block) + from, Block, tile.RowsOf(group), end - from,
                keyRows.Values + from, valueOffset + (panel * TElement.Bytes), sums.Sum + ((nint)r * width) + panel, width,
                scratch.Decay + r, next->Take(end - from));
        }
    }

    private static void Accumulate(int headDim, Rows tile, FiaScratch scratch, FiaSums sums)
    {
        var width = Fia.SumWidth(headDim);
        for (var panel = 0; panel < width; panel += PanelColumns)
        {
            for (var group = tile.FirstGroup; group < tile.EndGroup; group++)
            {
                var (from, end) = (scratch.From[group], scratch.End[group]);
                if (from < end)
                {
                    var r = group * GroupRows;
                    FiaTile<TSimd, TVector>.Multiply(
                        scratch.Score + (r * Block) + from, Block, tile.RowsOf(group), end - from,
                        scratch.ValuePanels + ((nint)panel * Block) + (from * PanelColumns),
                        sums.Sum + ((nint)r * width) + panel, width, scratch.Decay + r);
                }
            }
        }
    }

    // A value that is not finite must reach only rows that see it: 0 · NaN is not 0.
    private static void AccumulateVisible(in FiaProblem problem, in FiaTask task, Rows tile, int first, FiaScratch scratch, FiaSums sums)
    {
        var width = Fia.SumWidth(problem.HeadDim);
        for (var r = tile.FirstRow; r < tile.FirstRow + tile.Count; r++)
        {
            var from = Math.Max(scratch.Low[r] - first, 0);
            var end = Math.Min(scratch.High[r] - first, Block);
            for (var panel = 0; panel < width && from < end; panel += PanelColumns)
            {
                FiaTile<TSimd, TVector>.MultiplyRow(
                    scratch.Score + (r * Block), from, end, Hidden(problem, task, tile, r, first, scratch),
                    scratch.ValuePanels + ((nint)panel * Block),
                    sums.Sum + ((nint)r * width) + panel, scratch.Decay[r]);
            }
        }
    }

    // The mask of row r from this block on; empty where there is none, or the row sees nothing at all.
    private static ReadOnlySpan<byte> Hidden(in FiaProblem problem, in FiaTask task, Rows tile, int r, int first, FiaScratch scratch) =>
        problem.Visibility.Mask is null || scratch.High[r] == 0
            ? default
            : problem.Visibility.MaskRow(task.Request, task.FirstToken + ((r - tile.FirstRow) / problem.Group))[first..];

    // Keys of this block that any row of a group sees lie in [From, End); (Block, 0) when none.
    private static void FindSeen(Rows tile, int first, FiaScratch scratch)
    {
        for (var group = tile.FirstGroup; group < tile.EndGroup; group++)
        {
            var (from, end) = (Block, 0);
            for (var r = group * GroupRows; r < (group + 1) * GroupRows; r++)
            {
                var low = Math.Max(scratch.Low[r] - first, 0);
                var high = Math.Min(scratch.High[r] - first, Block);
                if (low < high)
                {
                    from = Math.Min(from, low);
                    end = Math.Max(end, high);
                }
            }

            (scratch.From[group], scratch.End[group]) = (from, end);
        }
    }

    // The rows of one key/value head: groups [FirstGroup, EndGroup), of which Count rows from FirstRow on are real.
    private readonly record struct Rows(int FirstGroup, int EndGroup, int Count, int FirstRow)
    {
        public int RowsOf(int group) => Math.Min(GroupRows, Count - ((group - FirstGroup) * GroupRows));
    }
}
