using System.Globalization;
using System.Text;

namespace AkkaCp.Bench.Report;

/// <summary>The table of all figures that are asked for beside what was measured.</summary>
internal static class Summary
{
    /// <summary>Writes Summary.md.</summary>
    public static void Write(string folder, ResultSet results)
    {
        var figures = AskedFigures.All.Select(figure => (Figure: figure, Value: figure.Measure(results))).ToList();
        var text = new StringBuilder("# Asked and measured\n\nMade by `bench/run-all.sh` from the files in [json](json). ");
        text.Append(CultureInfo.InvariantCulture,
            $"{figures.Count(row => row.Value is { } value && row.Figure.IsMet(value))} of {figures.Count} are met");
        text.Append(CultureInfo.InvariantCulture,
            $", {figures.Count(row => row.Value is null)} were not measured. Reasons for what is missed: docs/performance.md.\n\n");
        text.Append("| figure | asked | measured | met | from |\n|---|---|---|---|---|\n");
        foreach (var (figure, value) in figures)
        {
            var bound = (figure.AtMost ? "≤ " : "≥ ") + Text(figure.Asked, figure.Unit);
            var (measured, met) = value is { } number
                ? (Text(number, figure.Unit), figure.IsMet(number) ? "yes" : "no")
                : ("", "not measured");
            text.Append(CultureInfo.InvariantCulture, $"| {figure.Name} | {bound} | {measured} | {met} | {figure.Source} |\n");
        }

        File.WriteAllText(Path.Combine(folder, "Summary.md"), text.ToString());
    }

    private static string Text(double value, FigureUnit unit) => unit switch
    {
        FigureUnit.Share => value.ToString("P1", CultureInfo.InvariantCulture),
        FigureUnit.Ratio => value.ToString("F2", CultureInfo.InvariantCulture) + " ×",
        FigureUnit.Milliseconds => value.ToString("F0", CultureInfo.InvariantCulture) + " ms",
        FigureUnit.Microseconds => value.ToString("F0", CultureInfo.InvariantCulture) + " µs",
        _ => value.ToString("F0", CultureInfo.InvariantCulture) + " B",
    };
}
