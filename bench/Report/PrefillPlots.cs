using ScottPlot;

namespace AkkaCp.Bench.Report;

/// <summary>Draws prefill speed and time to the first token over the prompt's length: one rank, two ranks, and llama.cpp.</summary>
internal static class PrefillPlots
{
    private static readonly string[] s_ours = ["prefill-q4", "prefill-q4-long"];
    private static readonly string[] s_theirs = ["peers-q4-bf16", "peers-q4-bf16-4096", "peers-q4-bf16-16384"];

    private static readonly (string Name, Color Color, MarkerShape Marker)[] s_series =
    [
        ("AkkaCp, CP 1: 1 rank × 2 threads", Colors.C0, MarkerShape.FilledCircle),
        ("AkkaCp, CP 2: 2 ranks × 1 thread", Colors.C2, MarkerShape.OpenSquare),
        ("llama.cpp, 2 threads, best options", Colors.C1, MarkerShape.FilledDiamond),
    ];

    /// <summary>Writes prefill.svg and ttft.svg, when there is something to draw.</summary>
    public static void Write(string folder, ResultSet results)
    {
        var series = new[] { Ours(results, 1), Ours(results, 2), Theirs(results) };
        if (series.All(points => points.Length == 0))
            return;
        Draw(Path.Combine(folder, "prefill.svg"), "Prefill, Qwen3-30B-A3B's layers (4), BF16, 2 cores", "tokens/s", series,
            (_, rate) => rate, logarithmic: false);
        Draw(Path.Combine(folder, "ttft.svg"), "Time to first token, the same runs", "ms", series, (tokens, rate) => tokens / rate * 1e3,
            logarithmic: true);
    }

    private static (double Tokens, double Rate)[] Ours(ResultSet results, int attnCp) =>
        Points(s_ours.SelectMany(name => results.Rows(name, "results", $"attn_cp={attnCp}")), "prompt_tokens", "tokens_per_second");

    private static (double Tokens, double Rate)[] Theirs(ResultSet results) =>
        Points(s_theirs.SelectMany(name => results.Rows(name, "results", "kind=prefill")), "tokens", "theirs");

    private static (double Tokens, double Rate)[] Points(IEnumerable<System.Text.Json.Nodes.JsonNode> rows, string tokens, string rate) =>
        [.. rows.Select(row => (row[tokens]!.GetValue<double>(), row[rate]!.GetValue<double>())).OrderBy(point => point.Item1)];

    private static void Draw(
        string file, string title, string unit, (double Tokens, double Rate)[][] series, Func<double, double, double> figure,
        bool logarithmic)
    {
        using var plot = new Plot();
        plot.Title(title);
        plot.XLabel("prompt tokens");
        plot.YLabel(unit);
        for (var i = 0; i < series.Length; i++)
        {
            if (series[i].Length == 0)
                continue;
            var line = plot.Add.Scatter(
                series[i].Select(point => Math.Log2(point.Tokens)).ToArray(),
                series[i].Select(point => Scale(figure(point.Tokens, point.Rate))).ToArray(), s_series[i].Color);
            (line.LegendText, line.MarkerShape, line.MarkerSize, line.LineWidth) = (s_series[i].Name, s_series[i].Marker, 9, 2);
        }

        var lengths = series.SelectMany(points => points.Select(point => point.Tokens)).Distinct().ToArray();
        plot.Axes.Bottom.SetTicks([.. lengths.Select(Math.Log2)], [.. lengths.Select(length => $"{length}")]);
        if (logarithmic)
            LogarithmicTicks(plot, series.SelectMany(points => points.Select(point => figure(point.Tokens, point.Rate))).Max());
        else
            plot.Axes.SetLimitsY(0, 1.1 * series.SelectMany(points => points.Select(point => figure(point.Tokens, point.Rate))).Max());
        plot.ShowLegend(logarithmic ? Alignment.UpperLeft : Alignment.LowerLeft);
        plot.SaveSvg(file, 800, 480);

        double Scale(double value) => logarithmic ? Math.Log10(value) : value;
    }

    private static void LogarithmicTicks(Plot plot, double most)
    {
        double[] ticks = [.. new[] { 100.0, 300, 1000, 3000, 10_000, 30_000, 100_000, 300_000 }.Where(tick => tick < 2 * most)];
        plot.Axes.Left.SetTicks([.. ticks.Select(Math.Log10)], [.. ticks.Select(tick => $"{tick:F0}")]);
    }
}
