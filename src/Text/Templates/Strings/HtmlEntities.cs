using System.Globalization;
using System.Text;

namespace AkkaCp.Text.Templates;

/// <summary>HTML 5's character references, with or without their semicolon, as Python's <c>html.unescape</c> reads them.</summary>
internal static class HtmlEntities
{
    private const int MaxNameChars = 32;

    /// <summary>What numbers from 0x80 to 0x9f stand for: browsers take them for Windows-1252.</summary>
    private const string Windows1252 = "\u20ac\x81\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\x8d\u017d\x8f"
        + "\x90\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\x9d\u017e\u0178";

    private static readonly Lazy<Dictionary<string, string>> s_named = new(Read);

    public static string Unescape(RenderContext context, string text)
    {
        context.Budget.Text(text.Length);
        var result = new StringBuilder(text.Length);
        var done = 0;
        for (var found = text.IndexOf('&', StringComparison.Ordinal); found >= 0; found = text.IndexOf('&', Math.Max(done, found + 1)))
        {
            var (replacement, end) = text.AsSpan(found + 1).StartsWith("#") ? Numeric(text, found + 2) : Named(text, found + 1);
            if (replacement is null)
                continue;
            result.Append(text, done, found - done).Append(replacement);
            done = end;
        }

        return result.Append(text, done, text.Length - done).ToString();
    }

    private static (string? Text, int End) Numeric(string text, int start)
    {
        var isHex = start < text.Length && text[start] is 'x' or 'X';
        var first = isHex ? start + 1 : start;
        var end = first;
        var value = 0L;
        for (; end < text.Length && (isHex ? char.IsAsciiHexDigit(text[end]) : char.IsAsciiDigit(text[end])); end++)
            value = Math.Min(value * (isHex ? 16 : 10) + Convert.ToInt32(text[end].ToString(), 16), int.MaxValue);
        return end == first ? (null, end) : (Character(value), end < text.Length && text[end] == ';' ? end + 1 : end);
    }

    private static string Character(long value) => value switch
    {
        0 or (>= 0xd800 and <= 0xdfff) or > 0x10ffff => "\ufffd",
        '\r' => "\r",
        >= 0x80 and <= 0x9f => Windows1252[(int)value - 0x80].ToString(),
        >= 1 and <= 8 or 0xb or (>= 0xe and <= 0x1f) or 0x7f or (>= 0xfdd0 and <= 0xfdef) => "",
        _ when (value & 0xfffe) == 0xfffe => "",
        _ => char.ConvertFromUtf32((int)value),
    };

    /// <summary>The longest name that begins there; names that old browsers knew need no semicolon.</summary>
    private static (string? Text, int End) Named(string text, int start)
    {
        var end = start;
        while (end < text.Length && end - start < MaxNameChars && !"\t\n\f <&#;".Contains(text[end], StringComparison.Ordinal))
            end++;
        if (end > start && end < text.Length && text[end] == ';')
            end++;
        for (; end - start > 1; end--)
        {
            if (s_named.Value.TryGetValue(text[start..end], out var value))
                return (value, end);
        }

        return (null, start);
    }

    private static Dictionary<string, string> Read()
    {
        using var stream = typeof(HtmlEntities).Assembly.GetManifestResourceStream("html-entities.txt")!;
        using var reader = new StreamReader(stream);
        var named = new Dictionary<string, string>(StringComparer.Ordinal);
        while (reader.ReadLine() is { } line)
        {
            var fields = line.Split(' ');
            named[fields[0]] = string.Concat(fields[1..].Select(field =>
                char.ConvertFromUtf32(int.Parse(field, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture))));
        }

        return named;
    }
}
