using System.Runtime.Intrinsics;
using AkkaCp.Npu.Cpu.Assembled;
using AkkaCp.Npu.Cpu.Simd;

namespace AkkaCp.Npu.Cpu.Attention;

/// <summary>
/// The walk of one tile over its key blocks in products of BF16 pairs (vdpbf16ps); see <see cref="Fia"/>. Up to 14 rows at a time go
/// through scores, softmax and sums of values, so that the scores stay in L1 beside a block's packed keys and values (16 KiB each for D =
/// 128).
/// <para>A row's arithmetic: its query times scale / ln 2, rounded to BF16; score of a key = one chain over pairs of d; weights 2^(score -
/// max) in F32 (<see cref="FiaPairsSoftmax"/>), summed there and rounded to BF16; sums of values = one chain over the block's pairs of
/// keys. Hidden keys weigh 0. The instruction takes denormals for zero and leaves none, so a pair of hidden keys more or less changes
/// nothing but the sign of a zero, which the result has none of.</para>
/// r counts the tile's rows as in <see cref="FiaLoop{TSimd, TVector, TElement}"/>.
/// </summary>
internal readonly unsafe struct FiaPairsLoop(ProductTiles tiles) : IFiaBlock
{
    private const int Block = Fia.Block;
    private const int PanelColumns = Fia.PanelColumns;
    private const int MaxRows = TileAssembler.MaxRows;

    // Bytes of a word and of a step in a panel.
    private const int WordBytes = 4;
    private const int StepBytes = PanelColumns * WordBytes;

    public static void Compute(in FiaProblem problem, in FiaTask task, FiaScratch scratch, FiaSums? share)
    {
        var seen = FiaRows.Load(problem, task, scratch);
        FiaRowTile.Cut(problem, task, MaxRows, scratch);
        FiaWalk<KvBF16, FiaPairsLoop>.Compute(problem, task, seen, scratch, share, new FiaPairsLoop(problem.PairTiles!));
    }

    /// <inheritdoc/>
    public void Add(in FiaProblem problem, in FiaTask task, int first, int count, FiaKeyRows rows, FiaScratch scratch, FiaSums sums)
    {
        for (var head = 0; head < task.KvHeads; head++)
            AddHead(problem, task, new Keys(head, first, rows), count, scratch, sums);
    }

    private void AddHead(in FiaProblem problem, in FiaTask task, in Keys keys, int count, FiaScratch scratch, FiaSums sums)
    {
        var allFinite = Pack(problem, keys, count, scratch);
        var ahead = new FiaPairsAhead(problem, task, keys.Rows, keys.Head);
        var tiles = FiaRowTile.CountOf(problem, task, MaxRows);
        for (var i = 0; i < tiles; i++)
        {
            ref var tile = ref scratch.Tiles[(keys.Head * tiles) + i];
            ahead.AskBeside(i, tiles);
            var (from, end) = tile.Seen(keys.First);
            if (from >= end)
                continue;

            Score(problem.HeadDim, tile, from, end, ahead.KeysInTile, scratch);
            Weigh(problem, task, tile, keys.First, scratch, sums);
            if (allFinite)
                Accumulate(problem.HeadDim, tile.FirstRow, tile.Rows, scratch.Score, from, end, ahead.ValuesInTile, scratch, sums);
            else
                AccumulateVisible(problem, task, tile, keys, scratch, sums);
        }
    }

    // True when all values are finite.
    private static bool Pack(in FiaProblem problem, in Keys keys, int count, FiaScratch scratch)
    {
        var (keyOffset, valueOffset) = (FiaKeyRows.KeyOffset(problem, keys.Head), FiaKeyRows.ValueOffset(problem, keys.Head));
        FiaPairsPack.Keys(keys.Rows.Keys, keyOffset * KvBF16.Bytes, count, problem.HeadDim, (uint*)scratch.KeyPanels);
        return FiaPairsPack.Values(keys.Rows.Values, valueOffset * KvBF16.Bytes, count, problem.HeadDim, (uint*)scratch.ValuePanels);
    }

    private void Score(int headDim, in FiaRowTile tile, int from, int end, byte* ahead, FiaScratch scratch)
    {
        var (firstPanel, endPanel) = (from / PanelColumns, (end + PanelColumns - 1) / PanelColumns);
        var panelBytes = headDim / 2 * StepBytes;
        var arguments = new TileArguments
        {
            X = (byte*)(scratch.QueryPairs + ((nint)tile.FirstRow * headDim)),
            XStride = headDim * KvBF16.Bytes,
            Panel = (byte*)scratch.KeyPanels + (firstPanel * panelBytes),
            PanelBytes = panelBytes,
            Count = headDim / 2,
            Start = scratch.Zeros,
            Y = scratch.Score + (firstPanel * PanelColumns),
            YStride = Block * sizeof(float),
        };
        Run(ref arguments, tile.Rows, endPanel - firstPanel, ahead);
    }

    private static void Weigh(in FiaProblem problem, in FiaTask task, in FiaRowTile tile, int first, FiaScratch scratch, FiaSums sums)
    {
        var (r, width) = (tile.FirstRow, Fia.SumWidth(problem.HeadDim));
        for (var row = r; !tile.AllSee(first) && row < r + tile.Rows; row++)
        {
            FiaSoftmax<Simd512, Vector512<float>>.Hide(
                scratch.Score + ((row - r) * Block), 0, Block, scratch.Low[row] - first, scratch.High[row] - first,
                tile.Hidden(problem, task, row, first, scratch), FiaPairsSoftmax.Hidden);
        }

        FiaPairsSoftmax.Weigh(
            scratch.Score, tile.Rows, sums.Max + r, sums.Weight + (r * Fia.WeightLanes), sums.Sum + ((nint)r * width), width);
    }

    // Rows from r on, whose weights begin at `weights`.
    private void Accumulate(int headDim, int r, int rows, float* weights, int from, int end, byte* ahead, FiaScratch scratch, FiaSums sums)
    {
        var width = Fia.SumWidth(headDim);
        var (firstPair, endPair) = (from / 2, (end + 1) / 2);
        var sum = sums.Sum + ((nint)r * width);
        var arguments = new TileArguments
        {
            X = (byte*)weights + (firstPair * WordBytes),
            XStride = Block * sizeof(float),
            Panel = (byte*)scratch.ValuePanels + (firstPair * StepBytes),
            PanelBytes = FiaPairsPack.ValuePanelWords * WordBytes,
            Count = endPair - firstPair,
            Start = sum,
            StartStride = width * sizeof(float),
            Y = sum,
            YStride = width * sizeof(float),
        };
        Run(ref arguments, rows, width / PanelColumns, ahead);
    }

    // A value that is not finite must reach only rows that see it, 0 · NaN is not 0:
    // packed anew for each row, zeros for what it does not see.
    private void AccumulateVisible(
        in FiaProblem problem, in FiaTask task, in FiaRowTile tile, in Keys keys, FiaScratch scratch, FiaSums sums)
    {
        var visible = stackalloc byte*[Block];
        var offset = FiaKeyRows.ValueOffset(problem, keys.Head) * KvBF16.Bytes;
        for (var row = tile.FirstRow; row < tile.FirstRow + tile.Rows; row++)
        {
            var (low, high) = (Math.Max(scratch.Low[row] - keys.First, 0), Math.Min(scratch.High[row] - keys.First, Block));
            if (low >= high)
                continue;

            var hidden = tile.Hidden(problem, task, row, keys.First, scratch);
            for (var k = 0; k < Block; k++)
            {
                var sees = k >= low && k < high && (hidden.IsEmpty || hidden[k] == 0);
                visible[k] = sees ? keys.Rows.Values[k] : (byte*)scratch.Zeros - offset;
            }

            FiaPairsPack.Values(visible, offset, Block, problem.HeadDim, (uint*)scratch.ValuePanels);
            Accumulate(problem.HeadDim, row, 1, scratch.Score + ((row - tile.FirstRow) * Block), low, high, null, scratch, sums);
        }
    }

    // Panels side by side; few rows take several at a time, which ask for their own weights.
    private void Run(ref TileArguments arguments, int rows, int panels, byte* ahead)
    {
        var together = tiles.PanelsFor(rows);
        var asks = together == 1 && ahead is not null;
        fixed (TileArguments* pointer = &arguments)
        {
            for (int panel = 0, step; panel < panels; panel += step)
            {
                step = panels - panel >= together ? together : 1;
                pointer->Ahead = asks ? ahead : pointer->Panel;
                tiles.Run(pointer, rows, asks || (together > 1 && step == together));
                ahead += asks ? pointer->Count * StepBytes : 0;
                pointer->Panel += step * pointer->PanelBytes;
                pointer->Y += step * PanelColumns;
                pointer->Start += pointer->StartStride == 0 ? 0 : step * PanelColumns;
            }
        }
    }

    // One key/value head of a block whose first key is First.
    private readonly record struct Keys(int Head, int First, FiaKeyRows Rows);
}
