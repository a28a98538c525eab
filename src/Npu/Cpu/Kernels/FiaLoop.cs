namespace AkkaCp.Npu.Cpu.Kernels;

/// <summary>
/// The walk of one tile over its key blocks; see <see cref="Fia"/>. r counts the tile's rows, token by token and in a token head by
/// head, padded to whole groups of 8 with rows that see nothing; k counts keys within a block, d the head dimension.
/// </summary>
internal static unsafe class FiaLoop<TSimd, TVector, TElement>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
    where TElement : struct, IKvElement
{
    private const int Block = Fia.Block;
    private const int PanelColumns = Fia.PanelColumns;
    private const int GroupRows = FiaTile<TSimd, TVector>.Rows;

    public static void Compute(in FiaProblem problem, in FiaTask task, FiaScratch scratch)
    {
        var rows = task.Tokens * problem.Group;
        var groups = (rows + GroupRows - 1) / GroupRows;
        var (low, high) = FiaRows.Load(problem, task, groups * GroupRows, scratch);
        for (var block = low / Block; block * Block < high; block++)
        {
            var first = block * Block;
            var from = Math.Max(low - first, 0);
            var end = Math.Min(high - first, Block);
            var allFinite = Pack(problem, task, first, from, end, scratch);
            FindSeen(groups, first, scratch);
            Score(problem.HeadDim, groups, scratch);
            for (var group = 0; group < groups; group++)
            {
                Weigh(problem, task, group, first, scratch);
            }

            if (allFinite)
            {
                Accumulate(problem.HeadDim, groups, scratch);
            }
            else
            {
                AccumulateVisible(problem, task, rows, first, scratch);
            }
        }

        FiaRows.Store<TSimd, TVector>(problem, task, scratch);
    }

    // Keys below `from` are seen by no row of the tile: their slots may hold anything, so the first seen one stands in for them.
    private static bool Pack(in FiaProblem problem, in FiaTask task, int first, int from, int end, FiaScratch scratch)
    {
        var keys = stackalloc byte*[Block];
        var values = stackalloc byte*[Block];
        for (var k = 0; k < end; k++)
        {
            var key = first + Math.Max(k, from);
            keys[k] = problem.Key + (problem.KeyAt(problem.KeyStrides, task.Request, key, task.KvHead) * TElement.Bytes);
            values[k] = problem.Value + (problem.KeyAt(problem.ValueStrides, task.Request, key, task.KvHead) * TElement.Bytes);
        }

        FiaPack<TElement>.Keys(keys, end, problem.HeadDim, scratch.KeyPanels);
        return FiaPack<TElement>.Values(values, end, problem.HeadDim, Block, scratch.ValuePanels);
    }

    // Panel by panel, so that a panel stays in L1 for all rows of the tile.
    private static void Score(int headDim, int groups, FiaScratch scratch)
    {
        for (var panel = 0; panel < Block; panel += PanelColumns)
        {
            for (var group = 0; group < groups; group++)
            {
                var (from, end) = (scratch.From[group], scratch.End[group]);
                if (from < panel + PanelColumns && end > panel)
                {
                    var r = group * GroupRows;
                    FiaTile<TSimd, TVector>.Multiply(
                        scratch.Query + ((nint)r * headDim), headDim, headDim, scratch.KeyPanels + ((nint)panel * headDim),
                        scratch.Score + (r * Block) + panel, Block, null);
                }
            }
        }
    }

    private static void Weigh(in FiaProblem problem, in FiaTask task, int group, int first, FiaScratch scratch)
    {
        var (from, end) = (scratch.From[group], scratch.End[group]);
        if (from >= end)
        {
            return;
        }

        var r = group * GroupRows;
        var (firstPanel, endPanel) = (from / PanelColumns, (end + PanelColumns - 1) / PanelColumns);
        var (firstKey, endKey) = (firstPanel * PanelColumns, endPanel * PanelColumns);
        for (var row = r; row < r + GroupRows; row++)
        {
            if (scratch.Low[row] > first + firstKey || scratch.High[row] < first + endKey || problem.Visibility.Mask is not null)
            {
                FiaSoftmax<TSimd, TVector>.Hide(
                    scratch.Score + (row * Block), firstKey, endKey, scratch.Low[row] - first, scratch.High[row] - first,
                    Hidden(problem, task, row, first, scratch));
            }
        }

        FiaSoftmax<TSimd, TVector>.Weigh(
            scratch.Score + (r * Block), Block, firstPanel, endPanel, scratch.Max + r, scratch.Decay + r, scratch.Weight + (r * Fia.WeightLanes));
    }

    private static void Accumulate(int headDim, int groups, FiaScratch scratch)
    {
        var width = Fia.SumWidth(headDim);
        for (var panel = 0; panel < width; panel += PanelColumns)
        {
            for (var group = 0; group < groups; group++)
            {
                var (from, end) = (scratch.From[group], scratch.End[group]);
                if (from < end)
                {
                    var r = group * GroupRows;
                    FiaTile<TSimd, TVector>.Multiply(
                        scratch.Score + (r * Block) + from, Block, end - from,
                        scratch.ValuePanels + ((nint)panel * Block) + (from * PanelColumns),
                        scratch.Sum + ((nint)r * width) + panel, width, scratch.Decay + r);
                }
            }
        }
    }

    // A value that is not finite must reach only rows that see it: 0 · NaN is not 0.
    private static void AccumulateVisible(in FiaProblem problem, in FiaTask task, int rows, int first, FiaScratch scratch)
    {
        var width = Fia.SumWidth(problem.HeadDim);
        for (var r = 0; r < rows; r++)
        {
            var from = Math.Max(scratch.Low[r] - first, 0);
            var end = Math.Min(scratch.High[r] - first, Block);
            for (var panel = 0; panel < width && from < end; panel += PanelColumns)
            {
                FiaTile<TSimd, TVector>.MultiplyRow(
                    scratch.Score + (r * Block), from, end, Hidden(problem, task, r, first, scratch), scratch.ValuePanels + ((nint)panel * Block),
                    scratch.Sum + ((nint)r * width) + panel, scratch.Decay[r]);
            }
        }
    }

    // The mask of row r from this block on; empty where there is none, or the row sees nothing at all.
    private static ReadOnlySpan<byte> Hidden(in FiaProblem problem, in FiaTask task, int r, int first, FiaScratch scratch) =>
        problem.Visibility.Mask is null || scratch.High[r] == 0
            ? default
            : problem.Visibility.MaskRow(task.Request, task.FirstToken + (r / problem.Group))[first..];

    // Keys of this block that any row of a group sees lie in [From, End); (Block, 0) when none.
    private static void FindSeen(int groups, int first, FiaScratch scratch)
    {
        for (var group = 0; group < groups; group++)
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
}
