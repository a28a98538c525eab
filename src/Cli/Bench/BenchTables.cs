using System.Globalization;

namespace AkkaCp.Cli.Bench;

/// <summary>The results as Markdown, for people and for the files under bench/results.</summary>
internal static class BenchTables
{
    /// <summary>Writes prefill results: one table of runs, one of their stages.</summary>
    public static void Write(TextWriter output, double limitGflops, IReadOnlyList<PrefillResult> results)
    {
        output.WriteLine($"one core multiplies at most {limitGflops:F1} GFLOP/s");
        output.WriteLine();
        output.WriteLine("| tokens | tp | attn-cp | threads | dtype | tokens/s | TTFT ms | GFLOP/s | share of limit "
            + "| by processor time | exposed gather | activations MiB |");
        output.WriteLine("|---|---|---|---|---|---|---|---|---|---|---|---|");
        foreach (var r in results)
        {
            output.WriteLine($"| {r.PromptTokens} | {r.Layout.Topology.Tp} | {r.Layout.Topology.AttnCp} | {r.Layout.Threads} | {r.DType} "
                + Text($"| {r.TokensPerSecond:F1} | {r.Seconds * 1e3:F1} | {r.Gflops:F1} | {r.ShareOfLimit:P1} ")
                + Text($"| {r.Gflops * r.Seconds / r.ProcessorSeconds / limitGflops:P1} | {r.ExposedGatherShare:P2} ")
                + Text($"| {r.PeakActivationBytes / 1048576.0:F1} |"));
        }

        output.WriteLine();
        output.WriteLine("| tokens | attn-cp | threads | stage | ms | share of time | GFLOP/s | share of limit |");
        output.WriteLine("|---|---|---|---|---|---|---|---|");
        foreach (var r in results)
        {
            foreach (var stage in r.Stages.Append(Outside(r)))
            {
                output.WriteLine($"| {r.PromptTokens} | {r.Layout.Topology.AttnCp} | {r.Layout.Threads} | {stage.Name} "
                    + Text($"| {stage.Milliseconds:F2} | {stage.Milliseconds / r.Seconds / 1e3:P1} ")
                    + (stage.Gflops > 0 ? Text($"| {stage.Gflops:F1} | {stage.Gflops / limitGflops / r.Layout.Cores:P1} |") : "| | |"));
            }
        }
    }

    /// <summary>Writes decode results: one table of steps, one of their stages.</summary>
    public static void Write(TextWriter output, double limitGBps, IReadOnlyList<DecodeResult> results)
    {
        output.WriteLine($"the processors together read at most {limitGBps:F1} GB/s");
        output.WriteLine();
        output.WriteLine(
            "| depth | streams | tp | attn-cp | threads | dtype | tokens/s | a stream | step ms | outside stages ms | MB a token | GB/s "
            + "| share of bandwidth | managed bytes a step |");
        output.WriteLine("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|");
        foreach (var r in results)
        {
            output.WriteLine(
                $"| {r.Depth} | {r.Streams} | {r.Layout.Topology.Tp} | {r.Layout.Topology.AttnCp} | {r.Layout.Threads} | {r.DType} "
                + Text($"| {r.TokensPerSecond:F1} | {r.TokensPerSecond / r.Streams:F1} ")
                + Text($"| {r.StepSeconds * 1e3:F3} | {r.OverheadSeconds * 1e3:F3} ")
                + Text($"| {r.StepBytes / r.Streams / 1e6:F1} | {r.GBps:F1} | {r.ShareOfBandwidth:P1} | {r.ManagedBytesPerStep} |"));
        }

        output.WriteLine();
        output.WriteLine("| depth | streams | attn-cp | threads | stage | ms a step |");
        output.WriteLine("|---|---|---|---|---|---|");
        foreach (var r in results)
        {
            foreach (var stage in r.Stages)
            {
                output.WriteLine($"| {r.Depth} | {r.Streams} | {r.Layout.Topology.AttnCp} | {r.Layout.Threads} "
                    + $"| {stage.Name} | {stage.Milliseconds:F3} |");
            }
        }
    }

    /// <summary>What is in no stage: hops between blocks, waits for other ranks, the first and last message.</summary>
    private static StageFigure Outside(PrefillResult result) =>
        new("(outside)", Math.Max(0, (result.Seconds * 1e3) - result.Stages.Sum(stage => stage.Milliseconds)), 0);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
