using System.Globalization;
using System.Numerics;

namespace AkkaCp.Text.Templates;

/// <summary>The numbers of a template: decimal, 0x, 0o and 0b, with single underscores between digits.</summary>
internal static class NumberLiteral
{
    /// <summary>The end of the integer that begins at an offset; there is a digit.</summary>
    public static int IntegerEnd(string text, int start)
    {
        if (text[start] == '0' && start + 1 < text.Length)
        {
            var end = text[start + 1] switch
            {
                'x' or 'X' => DigitsEnd(text, start + 2, char.IsAsciiHexDigit, mayBeginWithUnderscore: true),
                'o' or 'O' => DigitsEnd(text, start + 2, c => c is >= '0' and <= '7', mayBeginWithUnderscore: true),
                'b' or 'B' => DigitsEnd(text, start + 2, c => c is '0' or '1', mayBeginWithUnderscore: true),
                _ => start,
            };
            if (end > start + 2)
                return end;
        }

        // "01" is 0 and then 1, which is a mistake wherever it stands.
        return DigitsEnd(text, start, text[start] == '0' ? c => c == '0' : char.IsAsciiDigit, mayBeginWithUnderscore: false);
    }

    /// <summary>The end of the float that begins at an offset, or null: a fraction or an exponent makes one.</summary>
    public static int? FloatEnd(string text, int start)
    {
        var whole = DigitsEnd(text, start, char.IsAsciiDigit, mayBeginWithUnderscore: false);
        var end = whole;
        if (end + 1 < text.Length && text[end] == '.' && char.IsAsciiDigit(text[end + 1]))
            end = DigitsEnd(text, end + 1, char.IsAsciiDigit, mayBeginWithUnderscore: false);
        if (end < text.Length && text[end] is 'e' or 'E')
        {
            var digits = end + 1 < text.Length && text[end + 1] is '+' or '-' ? end + 2 : end + 1;
            if (digits < text.Length && char.IsAsciiDigit(text[digits]))
                end = DigitsEnd(text, digits, char.IsAsciiDigit, mayBeginWithUnderscore: false);
        }

        return end > whole ? end : null;
    }

    public static BigInteger Integer(string text)
    {
        if (text.Length < 2 || char.IsAsciiDigit(text[1]))
            return BigInteger.Parse(text, CultureInfo.InvariantCulture);
        var radix = (text[1] | 0x20) switch { 'x' => 16, 'o' => 8, _ => 2 };
        return text.Skip(2).Aggregate(BigInteger.Zero, (value, c) => value * radix + Convert.ToInt32(c.ToString(), 16));
    }

    private static int DigitsEnd(string text, int offset, Func<char, bool> isDigit, bool mayBeginWithUnderscore)
    {
        var isFirst = !mayBeginWithUnderscore;
        while (offset < text.Length)
        {
            var digit = !isFirst && text[offset] == '_' ? offset + 1 : offset;
            if (digit >= text.Length || !isDigit(text[digit]))
                break;
            offset = digit + 1;
            isFirst = false;
        }

        return offset;
    }
}
