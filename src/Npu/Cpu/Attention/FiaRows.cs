using System.Runtime.Intrinsics;
using AkkaCp.Npu.Cpu.Simd;

namespace AkkaCp.Npu.Cpu.Attention;

/// <summary>First and last act of an attention tile: queries in, results out.</summary>
internal static unsafe class FiaRows
{
    /// <summary>
    /// Copies queries times scale, in BF16 for products of pairs, and notes what each row sees, head by head; rows behind a head's own see
    /// nothing. Returns the keys [Low, High) that any row sees.
    /// </summary>
    public static (int Low, int High) Load(in FiaProblem problem, in FiaTask task, FiaScratch scratch)
    {
        var (low, high) = (int.MaxValue, 0);
        var padded = Fia.PaddedRows(task.Tokens * problem.Group);
        for (var head = 0; head < task.KvHeads; head++)
        {
            for (var token = 0; token < task.Tokens; token++)
            {
                var seen = problem.Seen(task.Request, task.FirstToken + token);
                if (seen.Low < seen.High)
                    (low, high) = (Math.Min(low, seen.Low), Math.Max(high, seen.High));

                LoadToken(problem, task, head, token, seen, (head * padded) + (token * problem.Group), scratch);
            }

            for (var r = (head * padded) + (task.Tokens * problem.Group); r < (head + 1) * padded; r++)
            {
                (scratch.Low[r], scratch.High[r]) = (0, 0);
                ClearQuery(problem, r, scratch);
            }
        }

        return (low < high ? low : 0, high);
    }

    private static void LoadToken(
        in FiaProblem problem, in FiaTask task, int head, int token, (int Low, int High) seen, int firstRow, FiaScratch scratch)
    {
        var d = problem.HeadDim;
        var firstHead = (task.FirstKvHead + head) * problem.Group;
        for (var h = 0; h < problem.Group; h++)
        {
            var r = firstRow + h;
            (scratch.Low[r], scratch.High[r]) = seen;
            var source = problem.Query + problem.RowAt(problem.QueryStrides, task.Request, task.FirstToken + token, firstHead + h);
            if (problem.PairTiles is null)
                Scale(source, problem.Scale, scratch.Query + ((nint)r * d), d);
            else
                ScaleToBF16(source, problem.Scale, scratch.QueryPairs + ((nint)r * d), d);
        }
    }

    /// <summary>out = sum / weight (0 where nothing was seen); lse = max · unit + ln(weight) (+inf where nothing was seen).</summary>
    public static void Store<TSimd, TVector>(in FiaProblem problem, in FiaTask task, FiaSums sums)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        var (d, group) = (problem.HeadDim, problem.Group);
        var (rows, width) = (task.Tokens * group, Fia.SumWidth(d));
        var padded = Fia.PaddedRows(rows);
        for (var at = 0; at < task.KvHeads * rows; at++)
        {
            var (kvHead, row) = Math.DivRem(at, rows);
            var r = (kvHead * padded) + row;
            var i = task.FirstToken + (row / group);
            var head = ((task.FirstKvHead + kvHead) * group) + (row % group);
            var weight = Total(sums.Weight + (r * Fia.WeightLanes));
            var target = problem.Output + problem.RowAt(problem.OutputStrides, task.Request, i, head);
            if (weight == 0f)
                new Span<float>(target, d).Clear();
            else
                Divide<TSimd, TVector>(sums.Sum + ((nint)r * width), weight, target, d);

            if (problem.Lse is not null)
            {
                problem.Lse[problem.RowAt(problem.LseStrides, task.Request, i, head)] =
                    weight == 0f ? float.PositiveInfinity : (float)((sums.Max[r] * problem.ScoreUnit) + Math.Log(weight));
            }
        }
    }

    private static void Scale(float* source, float scale, float* target, int d)
    {
        var i = 0;
        for (; i <= d - Vector128<float>.Count; i += Vector128<float>.Count)
            (Vector128.Load(source + i) * scale).Store(target + i);

        for (; i < d; i++)
            target[i] = source[i] * scale;
    }

    // d is a multiple of 8.
    private static void ScaleToBF16(float* source, float scale, ushort* target, int d)
    {
        var i = 0;
        for (; i <= d - Vector512<float>.Count; i += Vector512<float>.Count)
            Simd512.StoreBF16(Vector512.Load(source + i) * scale, target + i);

        for (; i < d; i++)
            target[i] = BF16.FromSingle(source[i] * scale);
    }

    // Products of pairs take real rows only.
    private static void ClearQuery(in FiaProblem problem, int r, FiaScratch scratch)
    {
        if (problem.PairTiles is null)
            new Span<float>(scratch.Query + ((nint)r * problem.HeadDim), problem.HeadDim).Clear();
    }

    private static void Divide<TSimd, TVector>(float* sum, float weight, float* target, int d)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        var i = 0;
        for (; i <= d - TSimd.Count; i += TSimd.Count)
        {
            var quotient = TSimd.Divide(TSimd.Load(sum + i), TSimd.Create(weight));
            TSimd.Store(TSimd.Add(quotient, TSimd.Create(0f)), target + i);
        }

        for (; i < d; i++)
            target[i] = (sum[i] / weight) + 0f;
    }

    // Lanes half the length apart are added, then those of what is left.
    private static float Total(float* lanes)
    {
        var eight = Vector256.Load(lanes) + Vector256.Load(lanes + 8);
        var four = eight.GetLower() + eight.GetUpper();
        return four[0] + four[2] + (four[1] + four[3]);
    }
}
