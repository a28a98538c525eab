using System.Globalization;

namespace AkkaCp.Text.Templates;

/// <summary>
/// Python's strftime of a time without a zone, in the C locale, with what glibc adds: the flags - _ 0 ^ #, a width, the modifiers E and
/// O. What is no directive stays as it is written.
/// </summary>
internal static class Strftime
{
    public static StringValue Format(RenderContext context, string format, DateTimeOffset time)
    {
        var result = new BoundedText(context.Budget);
        for (var i = 0; i < format.Length;)
        {
            if (format[i] == '%' && Directive.Read(format, i) is { } directive)
            {
                result.Append(Text(context, directive, time) ?? format[i..directive.End]);
                i = directive.End;
            }
            else
            {
                result.Append(format[i++]);
            }
        }

        return result.ToValue();
    }

    private static string? Text(RenderContext context, Directive directive, DateTimeOffset time)
    {
        context.Budget.Text(directive.Width);
        if (Number(directive.Letter, time) is { } number)
            return directive.Padded(number.Value.ToString(CultureInfo.InvariantCulture), number.Digits, number.Pad);
        return Words(directive.Letter, time) is { } words
            ? directive.Cased(words).PadLeft(directive.Width, directive.Flag == '0' ? '0' : ' ')
            : null;
    }

    private static (long Value, int Digits, char Pad)? Number(char letter, DateTimeOffset time) => letter switch
    {
        'Y' => (time.Year, 1, '0'),
        'C' => (time.Year / 100, 2, '0'),
        'y' => (time.Year % 100, 2, '0'),
        'G' => (ISOWeek.GetYear(time.Date), 1, '0'),
        'g' => (ISOWeek.GetYear(time.Date) % 100, 2, '0'),
        'm' => (time.Month, 2, '0'),
        'd' => (time.Day, 2, '0'),
        'e' => (time.Day, 2, ' '),
        'H' => (time.Hour, 2, '0'),
        'k' => (time.Hour, 2, ' '),
        'I' => ((time.Hour + 11) % 12 + 1, 2, '0'),
        'l' => ((time.Hour + 11) % 12 + 1, 2, ' '),
        'M' => (time.Minute, 2, '0'),
        'S' => (time.Second, 2, '0'),
        'j' => (time.DayOfYear, 3, '0'),
        'u' => (((int)time.DayOfWeek + 6) % 7 + 1, 1, '0'),
        'w' => ((int)time.DayOfWeek, 1, '0'),
        'U' => ((time.DayOfYear + 6 - (int)time.DayOfWeek) / 7, 2, '0'),
        'W' => ((time.DayOfYear + 6 - ((int)time.DayOfWeek + 6) % 7) / 7, 2, '0'),
        'V' => (ISOWeek.GetWeekOfYear(time.Date), 2, '0'),
        's' => (time.ToUnixTimeSeconds(), 1, '0'),
        _ => null,
    };

    private static string? Words(char letter, DateTimeOffset time) => letter switch
    {
        'a' => Text("ddd", time),
        'A' => Text("dddd", time),
        'b' or 'h' => Text("MMM", time),
        'B' => Text("MMMM", time),
        'c' => $"{Text("ddd MMM", time)} {time.Day,2} {Text("HH:mm:ss yyyy", time)}",
        'x' or 'D' => Text("MM/dd/yy", time),
        'X' or 'T' => Text("HH:mm:ss", time),
        'F' => Text("yyyy-MM-dd", time),
        'R' => Text("HH:mm", time),
        'r' => Text("hh:mm:ss tt", time),
        'p' => Text("tt", time),
        'P' => Text("tt", time).ToLowerInvariant(),
        'f' => Text("ffffff", time),
        'n' => "\n",
        't' => "\t",
        '%' => "%",
        // Python's now() has no zone.
        'z' or 'Z' => "",
        _ => null,
    };

    private static string Text(string format, DateTimeOffset time) => time.ToString(format, CultureInfo.InvariantCulture);

    /// <summary>%, flags, width, modifier, letter.</summary>
    /// <param name="Letter">What is asked for.</param>
    /// <param name="Flag">The last of - _ 0; '\0' for none.</param>
    /// <param name="Upper">The flag ^.</param>
    /// <param name="Swaps">The flag #.</param>
    /// <param name="Width">The least number of characters.</param>
    /// <param name="End">After the letter.</param>
    private sealed record Directive(char Letter, char Flag, bool Upper, bool Swaps, int Width, int End)
    {
        public static Directive? Read(string format, int start)
        {
            var (flag, upper, swaps, width, offset) = ('\0', false, false, 0, start + 1);
            for (; offset < format.Length && "-_0^#".Contains(format[offset], StringComparison.Ordinal); offset++)
            {
                upper |= format[offset] == '^';
                swaps |= format[offset] == '#';
                flag = format[offset] is '-' or '_' or '0' ? format[offset] : flag;
            }

            for (; offset < format.Length && char.IsAsciiDigit(format[offset]); offset++)
                width = (int)Math.Min(width * 10L + format[offset] - '0', int.MaxValue);
            if (offset < format.Length && format[offset] is 'E' or 'O')
                offset++;
            return offset < format.Length ? new Directive(format[offset], flag, upper, swaps, width, offset + 1) : null;
        }

        public string Padded(string digits, int usualDigits, char usualPad) => Flag switch
        {
            '-' => digits,
            '_' => digits.PadLeft(Math.Max(Width, usualDigits), ' '),
            '0' => digits.PadLeft(Math.Max(Width, usualDigits), '0'),
            _ => digits.PadLeft(Math.Max(Width, usualDigits), usualPad),
        };

        public string Cased(string words)
        {
            if (Swaps)
            {
                return Letter is 'p' or 'Z'
                    ? words.ToLowerInvariant()
                    : Letter is 'a' or 'A' or 'b' or 'B' or 'h' ? words.ToUpperInvariant() : words;
            }

            return Upper ? words.ToUpperInvariant() : words;
        }
    }
}
