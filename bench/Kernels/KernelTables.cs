namespace AkkaCp.Bench.Kernels;

/// <summary>The figures as Markdown.</summary>
internal static class KernelTables
{
    /// <summary>Writes one table for each part that was measured.</summary>
    public static void Write(TextWriter output, KernelFigures figures)
    {
        Line($"runtime {Environment.Version}, {figures.Kernels}, {figures.Threads} thread(s); "
            + "with one thread its processor time, else wall time; best of all runs");
        Line($"one core: FMA F32 {figures.FmaGflops:F1} GFLOP/s, BF16 products {figures.BF16Gflops:F1} GFLOP/s, "
            + $"I8 products {figures.I8Gops:F1} GOP/s, read {figures.ReadGBps:F1} GB/s; "
            + $"all threads read {figures.ReadTogetherGBps:F1} GB/s");
        if (figures.Products.Count > 0)
        {
            Line("\n| T | N | K | weights | GFLOP/s | share of the limit | weights GB/s | share of read limit |\n"
                + "|---|---|---|---|---|---|---|---|");
        }

        foreach (var f in figures.Products)
            Line($"| {f.T} | {f.N} | {f.K} | {f.DType} | {f.Gflops:F1} | {f.Share:P0} | {f.GBps:F1} | {f.ReadShare:P0} |");
        if (figures.Attention.Count > 0)
        {
            Line("\n| attention rows | prefix | cache | ms | GFLOP/s "
                + "| share of FMA limit | of BF16 limit | cache GB/s | share of read limit |\n"
                + "|---|---|---|---|---|---|---|---|---|");
        }

        foreach (var f in figures.Attention)
        {
            Line($"| {f.Rows} | {f.Prefix} | {f.Cache} | {f.Ms:F2} | {f.Gflops:F1} "
                + $"| {f.FmaShare:P0} | {f.BF16Share:P0} | {f.GBps:F1} | {f.ReadShare:P0} |");
        }

        if (figures.NormRope.Count > 0)
        {
            Line("\n| tokens normed and rotated | Q µs | as two operators | GB/s | K and V µs | as four operators | GB/s |\n"
                + "|---|---|---|---|---|---|---|");
        }

        foreach (var f in figures.NormRope)
        {
            Line($"| {f.Tokens} | {f.QueryUs:F1} | {f.QuerySinglyUs:F1} | {f.QueryGBps:F1} "
                + $"| {f.KvUs:F1} | {f.KvSinglyUs:F1} | {f.KvGBps:F1} |");
        }

        if (figures.Routing.Count > 0)
            Line("\n| tokens routed | gating µs | init routing µs | GB/s | finalize routing µs | GB/s |\n|---|---|---|---|---|---|");
        foreach (var f in figures.Routing)
            Line($"| {f.Tokens} | {f.GatingUs:F1} | {f.InitUs:F1} | {f.InitGBps:F1} | {f.FinalizeUs:F1} | {f.FinalizeGBps:F1} |");
        if (figures.Experts.Count > 0)
        {
            Line("\n| tokens to experts | weights | sort ms | gate‖up·SwiGLU ms | share of limit "
                + "| down ms | share of limit | combine ms | all: share of limit |\n"
                + "|---|---|---|---|---|---|---|---|---|");
        }

        foreach (var f in figures.Experts)
        {
            Line($"| {f.Tokens} | {f.DType} | {f.SortMs:F2} | {f.GateUpMs:F1} | {f.GateUpShare:P0} "
                + $"| {f.DownMs:F1} | {f.DownShare:P0} | {f.CombineMs:F1} | {f.Share:P0} |");
        }

        void Line(string line) => output.WriteLine(line);
    }
}
