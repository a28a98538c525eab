using System.Globalization;

namespace AkkaCp.Model.Templates;

/// <summary>Python's strftime in the C locale.</summary>
internal static class Strftime
{
    public static StringValue Format(RenderContext context, string format, DateTimeOffset time)
    {
        var result = new BoundedText(context.Budget);
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
            {
                result.Append(format[i]);
                continue;
            }

            // "%-d" is "%d" without its leading zero.
            var trims = format[++i] == '-' && i + 1 < format.Length;
            var field = Field(trims ? format[++i] : format[i], time);
            result.Append(trims && field.TrimStart('0') is { Length: > 0 } trimmed ? trimmed : field);
        }

        return result.ToValue();
    }

    private static string Field(char directive, DateTimeOffset time) => directive switch
    {
        'Y' => Text("yyyy", time),
        'y' => Text("yy", time),
        'm' => Text("MM", time),
        'd' => Text("dd", time),
        'e' => time.Day.ToString(CultureInfo.InvariantCulture).PadLeft(2),
        'B' => Text("MMMM", time),
        'b' or 'h' => Text("MMM", time),
        'A' => Text("dddd", time),
        'a' => Text("ddd", time),
        'H' => Text("HH", time),
        'I' => Text("hh", time),
        'M' => Text("mm", time),
        'S' => Text("ss", time),
        'f' => Text("ffffff", time),
        'p' => Text("tt", time),
        'j' => time.DayOfYear.ToString("000", CultureInfo.InvariantCulture),
        'F' => Text("yyyy-MM-dd", time),
        'T' => Text("HH:mm:ss", time),
        'D' => Text("MM/dd/yy", time),
        'R' => Text("HH:mm", time),
        '%' => "%",
        _ => throw new TemplateError($"strftime_now(): unknown directive '%{directive}'"),
    };

    private static string Text(string format, DateTimeOffset time) => time.ToString(format, CultureInfo.InvariantCulture);
}
