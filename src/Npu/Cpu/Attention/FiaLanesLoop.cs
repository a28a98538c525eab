using System.Runtime.Intrinsics;
using AkkaCp.Npu.Cpu.Assembled;
using AkkaCp.Npu.Cpu.Simd;

namespace AkkaCp.Npu.Cpu.Attention;

/// <summary>
/// The walk of one token's rows over their key blocks, up to 8 rows of each key/value head, which all see the same keys; see
/// <see cref="Fia"/>. Keys and values are read once, where they lie. Queries, scores and weights lie row by row in the lanes of a
/// vector, so that the softmax needs nothing across lanes. Bits are those of <see cref="FiaLoop{TSimd, TVector, TElement}"/>.
/// </summary>
internal readonly unsafe struct FiaLanesLoop<TElement>(LaneCode code) : IFiaBlock
    where TElement : struct, IKvElement
{
    private const int Block = Fia.Block;
    private const int Lanes = Fia.GroupRows;

    private static bool IsBF16 => TElement.Bytes == KvBF16.Bytes;

    public static void Compute(in FiaProblem problem, in FiaTask task, FiaScratch scratch, FiaSums? share)
    {
        var seen = FiaRows.Load(problem, task, scratch);
        for (var head = 0; head < task.KvHeads; head++)
            FiaLanes.Turn(scratch.Query + ((nint)head * Lanes * problem.HeadDim), problem.HeadDim, scratch.KeyPanels);

        FiaWalk<TElement, FiaLanesLoop<TElement>>.Compute(
            problem, task, seen, scratch, share, new FiaLanesLoop<TElement>(problem.Lanes!));
    }

    /// <inheritdoc/>
    public void Add(in FiaProblem problem, in FiaTask task, int first, int count, FiaKeyRows rows, FiaScratch scratch, FiaSums sums)
    {
        var (from, end) = (Math.Max(scratch.Low[0] - first, 0), Math.Min(scratch.High[0] - first, count));
        for (var head = 0; head < task.KvHeads && from < end; head++)
        {
            var ahead = new FiaLanesAhead<TElement>(problem, task, rows, head);
            var r = head * Lanes;
            Score(problem, head, from, end, rows, ahead.Keys, scratch);
            FiaLanes.Weigh(
                scratch.Score + (r * Block), from, end, sums.Max + r, scratch.Decay + r, sums.Weight + (r * Fia.WeightLanes));
            Accumulate(problem, head, from, end, rows, ahead.Values, scratch, sums);
        }
    }

    private void Score(in FiaProblem problem, int head, int from, int end, FiaKeyRows rows, byte* ahead, FiaScratch scratch)
    {
        var arguments = new LaneArguments
        {
            Offset = FiaKeyRows.KeyOffset(problem, head) * TElement.Bytes,
            Count = problem.HeadDim * TElement.Bytes,
            Lanes = scratch.Query + ((nint)head * Lanes * problem.HeadDim),
            Ahead = ahead,
        };
        var passes = (end - from + LaneScoreAssembler.MaxKeys - 1) / LaneScoreAssembler.MaxKeys;
        for (var pass = 0; pass < passes; pass++)
        {
            var (first, next) = (from + ((end - from) * pass / passes), from + ((end - from) * (pass + 1) / passes));
            arguments.Rows = rows.Keys + first;
            arguments.Result = scratch.Score + (head * Lanes * Block) + (first * Lanes);
            code.Score(&arguments, next - first, IsBF16);
            arguments.Ahead += (next - first) * arguments.Count;
        }
    }

    private void Accumulate(
        in FiaProblem problem, int head, int from, int end, FiaKeyRows rows, byte* ahead, FiaScratch scratch, FiaSums sums)
    {
        var width = Fia.SumWidth(problem.HeadDim);
        var r = head * Lanes;
        for (var row = r; row < r + problem.Group; row++)
            sums.Rescale<Simd256, Vector256<float>>(row, scratch.Decay[row], width);

        var arguments = new LaneArguments
        {
            Rows = rows.Values + from,
            Offset = FiaKeyRows.ValueOffset(problem, head) * TElement.Bytes,
            Count = end - from,
            Lanes = scratch.Score + (r * Block) + (from * Lanes),
            Result = sums.Sum + ((nint)r * width),
            ResultStride = width * sizeof(float),
            Pieces = problem.HeadDim / 16,
            Ahead = ahead,
        };
        code.Sum(&arguments, problem.Group <= LaneSumAssembler.HalfRows ? 1 : 2, IsBF16);
    }
}
