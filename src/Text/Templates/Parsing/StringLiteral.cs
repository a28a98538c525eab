using System.Globalization;
using System.Text;

namespace AkkaCp.Text.Templates;

/// <summary>The escapes of a Python string literal.</summary>
internal static class StringLiteral
{
    private const string SimpleEscapes = "ntr\\'\"abfv";
    private const string SimpleValues = "\n\t\r\\'\"\a\b\f\v";

    /// <summary>The text that a literal's inside stands for, or null where an escape is malformed.
    /// Unknown escapes stay as written.</summary>
    public static string? Unescape(ReadOnlySpan<char> inside)
    {
        if (!inside.Contains('\\'))
            return inside.ToString();
        var text = new StringBuilder();
        for (var i = 0; i < inside.Length;)
        {
            if (inside[i] != '\\')
            {
                text.Append(inside[i++]);
                continue;
            }

            var length = AppendEscape(text, inside[i..]);
            if (length == 0)
                return null;
            i += length;
        }

        return text.ToString();
    }

    private static int AppendEscape(StringBuilder text, ReadOnlySpan<char> escape)
    {
        var c = escape[1];
        var simple = SimpleEscapes.IndexOf(c, StringComparison.Ordinal);
        if (simple >= 0)
            text.Append(SimpleValues[simple]);
        else if (c is >= '0' and <= '7')
            return AppendOctal(text, escape);
        else if (c is 'x' or 'u' or 'U')
            return AppendHex(text, escape, c switch { 'x' => 2, 'u' => 4, _ => 8 });
        else if (c > '~')
            return AppendEscapedCharacter(text, escape);
        else if (c != '\n')
            text.Append('\\').Append(c);
        return 2;
    }

    /// <remarks>Python has turned the character into an escape before it reads escapes, so the backslash escapes that one's.</remarks>
    private static int AppendEscapedCharacter(StringBuilder text, ReadOnlySpan<char> escape)
    {
        Rune.DecodeFromUtf16(escape[1..], out var rune, out var length);
        text.Append(rune.Value switch { < 0x100 => $"\\x{rune.Value:x2}", < 0x10000 => $"\\u{rune.Value:x4}", _ => $"\\U{rune.Value:x8}" });
        return 1 + length;
    }

    private static int AppendOctal(StringBuilder text, ReadOnlySpan<char> escape)
    {
        var (value, length) = (0, 1);
        while (length < 4 && length < escape.Length && escape[length] is >= '0' and <= '7')
            value = value * 8 + (escape[length++] - '0');
        text.Append((char)value);
        return length;
    }

    private static int AppendHex(StringBuilder text, ReadOnlySpan<char> escape, int digits)
    {
        if (escape.Length < 2 + digits
            || !uint.TryParse(escape.Slice(2, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
            || !Rune.IsValid(value))
        {
            return 0;
        }

        text.Append(new Rune(value).ToString());
        return 2 + digits;
    }
}
