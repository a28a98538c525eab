using AkkaCp.Npu.Cpu.Assembled;
using AkkaCp.Npu.Cpu.Simd;

namespace AkkaCp.Npu.Cpu.Attention;

/// <summary>
/// The walk of one tile over its key blocks in assembled products of F32; see <see cref="Fia"/>. Arithmetic and bits are those of
/// <see cref="FiaLoop{TSimd, TVector, TElement}"/>, r counts rows as there.
/// </summary>
internal readonly unsafe struct FiaTilesLoop<TSimd, TVector, TElement>(ProductTiles tiles) : IFiaBlock
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
    where TElement : struct, IKvElement
{
    private const int Block = Fia.Block;
    private const int PanelColumns = Fia.PanelColumns;

    // Tiles whose scores (12 KiB for 48 rows) stay in L1 beside a panel.
    private const int Strip = 8;

    public static void Compute(in FiaProblem problem, in FiaTask task, FiaScratch scratch, FiaSums? share)
    {
        var tiles = problem.FloatTiles!;
        var seen = FiaRows.Load(problem, task, scratch);
        FiaRowTile.Cut(problem, task, tiles.MaxRows, scratch);
        FiaWalk<TElement, FiaTilesLoop<TSimd, TVector, TElement>>.Compute(
            problem, task, seen, scratch, share, new FiaTilesLoop<TSimd, TVector, TElement>(tiles));
    }

    /// <inheritdoc/>
    public void Add(in FiaProblem problem, in FiaTask task, int first, int count, FiaKeyRows rows, FiaScratch scratch, FiaSums sums)
    {
        var tilesOfHead = FiaRowTile.CountOf(problem, task, tiles.MaxRows);
        for (var head = 0; head < task.KvHeads; head++)
        {
            var keyOffset = FiaKeyRows.KeyOffset(problem, head) * TElement.Bytes;
            var valueOffset = FiaKeyRows.ValueOffset(problem, head) * TElement.Bytes;
            FiaPack<TElement>.Keys(rows.Keys, keyOffset, count, problem.HeadDim, scratch.KeyPanels);
            var allFinite = FiaPack<TElement>.Values(rows.Values, valueOffset, count, problem.HeadDim, Block, scratch.ValuePanels);
            var tilesHere = scratch.Tiles.AsSpan(head * tilesOfHead, tilesOfHead);
            for (var i = 0; i < tilesHere.Length; i += Strip)
            {
                var strip = tilesHere.Slice(i, Math.Min(Strip, tilesHere.Length - i));
                rows.AskNext(i / Strip, (tilesHere.Length + Strip - 1) / Strip, keyOffset, valueOffset, problem.HeadDim * TElement.Bytes);
                Score(problem.HeadDim, strip, first, scratch);
                foreach (ref readonly var tile in strip)
                    Weigh(problem, task, tile, first, scratch, sums);

                if (allFinite)
                    Accumulate(problem.HeadDim, strip, first, scratch, sums);
                else
                    AccumulateVisible(problem, task, strip, first, scratch, sums);
            }
        }
    }

    // Panel by panel, so that a panel stays in L1 for all rows.
    private void Score(int headDim, ReadOnlySpan<FiaRowTile> rows, int first, FiaScratch scratch)
    {
        for (var panel = 0; panel < Block; panel += PanelColumns)
        {
            foreach (ref readonly var tile in rows)
            {
                var (from, end) = tile.Seen(first);
                if (from >= Math.Min(end, panel + PanelColumns) || end <= panel)
                    continue;

                var arguments = new TileArguments
                {
                    X = (byte*)(scratch.Query + ((nint)tile.FirstRow * headDim)),
                    XStride = headDim * sizeof(float),
                    Panel = (byte*)(scratch.KeyPanels + ((nint)panel * headDim)),
                    Count = headDim,
                    Start = scratch.Zeros,
                    Y = scratch.Score + (tile.FirstRow * Block) + panel,
                    YStride = Block * sizeof(float),
                };
                Run(ref arguments, tile.Rows);
            }
        }
    }

    private static void Weigh(in FiaProblem problem, in FiaTask task, in FiaRowTile tile, int first, FiaScratch scratch, FiaSums sums)
    {
        var (from, end) = tile.Seen(first);
        if (from >= end)
            return;

        var r = tile.FirstRow;
        var (firstPanel, endPanel) = (from / PanelColumns, (end + PanelColumns - 1) / PanelColumns);
        for (var row = r; !tile.AllSee(first) && row < r + tile.Rows; row++)
        {
            FiaSoftmax<TSimd, TVector>.Hide(
                scratch.Score + (row * Block), firstPanel * PanelColumns, endPanel * PanelColumns, scratch.Low[row] - first,
                scratch.High[row] - first, tile.Hidden(problem, task, row, first, scratch));
        }

        FiaSoftmax<TSimd, TVector>.Weigh(
            scratch.Score + (r * Block), Block, firstPanel, endPanel, tile.Rows, sums.Max + r, scratch.Decay + r,
            sums.Weight + (r * Fia.WeightLanes));
    }

    private void Accumulate(int headDim, ReadOnlySpan<FiaRowTile> rows, int first, FiaScratch scratch, FiaSums sums)
    {
        var width = Fia.SumWidth(headDim);
        foreach (ref readonly var tile in rows)
        {
            var (from, end) = tile.Seen(first);
            for (var row = tile.FirstRow; from < end && row < tile.FirstRow + tile.Rows; row++)
                sums.Rescale<TSimd, TVector>(row, scratch.Decay[row], width);
        }

        for (var panel = 0; panel < width; panel += PanelColumns)
        {
            foreach (ref readonly var tile in rows)
            {
                var (from, end) = tile.Seen(first);
                if (from >= end)
                    continue;

                var sum = sums.Sum + ((nint)tile.FirstRow * width) + panel;
                var arguments = new TileArguments
                {
                    X = (byte*)(scratch.Score + (tile.FirstRow * Block) + from),
                    XStride = Block * sizeof(float),
                    Panel = (byte*)(scratch.ValuePanels + ((nint)panel * Block) + (from * PanelColumns)),
                    Count = end - from,
                    Start = sum,
                    StartStride = width * sizeof(float),
                    Y = sum,
                    YStride = width * sizeof(float),
                };
                Run(ref arguments, tile.Rows);
            }
        }
    }

    // A value that is not finite must reach only rows that see it: 0 · NaN is not 0.
    private static void AccumulateVisible(
        in FiaProblem problem, in FiaTask task, ReadOnlySpan<FiaRowTile> rows, int first, FiaScratch scratch, FiaSums sums)
    {
        var width = Fia.SumWidth(problem.HeadDim);
        foreach (ref readonly var tile in rows)
        {
            for (var r = tile.FirstRow; r < tile.FirstRow + tile.Rows; r++)
            {
                var (from, end) = (Math.Max(scratch.Low[r] - first, 0), Math.Min(scratch.High[r] - first, Block));
                for (var panel = 0; panel < width && from < end; panel += PanelColumns)
                {
                    FiaTile<TSimd, TVector>.MultiplyRow(
                        scratch.Score + (r * Block), from, end, tile.Hidden(problem, task, r, first, scratch),
                        scratch.ValuePanels + ((nint)panel * Block), sums.Sum + ((nint)r * width) + panel, scratch.Decay[r]);
                }
            }
        }
    }

    private void Run(ref TileArguments arguments, int rows)
    {
        arguments.Ahead = arguments.Panel;
        fixed (TileArguments* pointer = &arguments)
            tiles.RunBriefly(pointer, rows);
    }
}
