namespace AkkaCp.Npu.Cpu.Kernels;

/// <summary>First and last act of an attention tile: queries in, results out.</summary>
internal static unsafe class FiaRows
{
    /// <summary>
    /// Copies queries times scale, notes what each row sees, and clears the sums; rows behind the tile's own see nothing.
    /// Returns the keys [Low, High) that any row sees.
    /// </summary>
    public static (int Low, int High) Load(in FiaProblem problem, in FiaTask task, int paddedRows, FiaScratch scratch)
    {
        var (d, group) = (problem.HeadDim, problem.Group);
        var rows = task.Tokens * group;
        var (queries, keys) = (problem.QueryLength(task.Request), problem.KeyLength(task.Request));
        var (low, high) = (int.MaxValue, 0);
        for (var token = 0; token < task.Tokens; token++)
        {
            var i = task.FirstToken + token;
            var seen = problem.Visibility.Range(i, queries, keys);
            if (seen.Low < seen.High)
            {
                (low, high) = (Math.Min(low, seen.Low), Math.Max(high, seen.High));
            }

            for (var h = 0; h < group; h++)
            {
                var r = (token * group) + h;
                (scratch.Low[r], scratch.High[r]) = seen;
                var source = problem.Query + problem.RowAt(problem.QueryStrides, task.Request, i, (task.KvHead * group) + h);
                Scale(source, problem.Scale, scratch.Query + ((nint)r * d), d);
            }
        }

        for (var r = rows; r < paddedRows; r++)
        {
            (scratch.Low[r], scratch.High[r]) = (0, 0);
            new Span<float>(scratch.Query + ((nint)r * d), d).Clear();
        }

        var width = Fia.SumWidth(d);
        new Span<float>(scratch.Sum, paddedRows * width).Clear();
        new Span<float>(scratch.Weight, paddedRows * Fia.WeightLanes).Clear();
        new Span<float>(scratch.Max, paddedRows).Fill(float.NegativeInfinity);
        return (low < high ? low : 0, high);
    }

    /// <summary>out = sum / weight (0 where nothing was seen); lse = max + ln(weight) (+inf where nothing was seen).</summary>
    public static void Store<TSimd, TVector>(in FiaProblem problem, in FiaTask task, FiaScratch scratch)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        var (d, group) = (problem.HeadDim, problem.Group);
        var width = Fia.SumWidth(d);
        for (var r = 0; r < task.Tokens * group; r++)
        {
            var i = task.FirstToken + (r / group);
            var head = (task.KvHead * group) + (r % group);
            var weight = Total(scratch.Weight + (r * Fia.WeightLanes));
            var sum = scratch.Sum + ((nint)r * width);
            var target = problem.Output + problem.RowAt(problem.OutputStrides, task.Request, i, head);
            if (weight == 0f)
            {
                new Span<float>(target, d).Clear();
            }
            else
            {
                Divide<TSimd, TVector>(sum, weight, target, d);
            }

            if (problem.Lse is not null)
            {
                problem.Lse[problem.RowAt(problem.LseStrides, task.Request, i, head)] =
                    weight == 0f ? float.PositiveInfinity : (float)(scratch.Max[r] + Math.Log(weight));
            }
        }
    }

    private static void Scale(float* source, float scale, float* target, int d)
    {
        for (var i = 0; i < d; i++)
        {
            target[i] = source[i] * scale;
        }
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
        {
            target[i] = (sum[i] / weight) + 0f;
        }
    }

    private static float Total(float* lanes)
    {
        for (var half = Fia.WeightLanes / 2; half > 0; half /= 2)
        {
            for (var j = 0; j < half; j++)
            {
                lanes[j] += lanes[j + half];
            }
        }

        return lanes[0];
    }
}
