using System.Buffers;
using System.Globalization;
using System.Numerics;
using System.Text;

namespace AkkaCp.Text.Templates;

/// <summary>Python's int() and float() of text.</summary>
internal static class NumberParsing
{
    /// <summary>As many digits of base 36 as a long has room for.</summary>
    private const int DigitsPerStep = 12;

    private static readonly SearchValues<char> s_inFloats = SearchValues.Create("0123456789.eE+-");

    /// <summary>The integer that a text is in a base from 2 to 36, or by its prefix where the base is 0; null where it is none.</summary>
    public static BigInteger? Integer(RenderContext context, string text, int radix)
    {
        context.Budget.Text(text.Length);
        if (radix is < 0 or 1 or > 36)
            return null;
        var digits = Normalized(text);
        var negative = digits.StartsWith('-');
        if (negative || digits.StartsWith('+'))
            digits = digits[1..];
        var prefixed = Prefix(digits);
        if (prefixed == radix || (radix == 0 && prefixed > 0))
        {
            (radix, digits) = (prefixed, digits[2..]);
            digits = digits.StartsWith('_') ? digits[1..] : digits;
        }
        else if (radix == 0)
        {
            radix = 10;
            if (digits.StartsWith('0') && digits.Any(c => c is not ('0' or '_')))
                return null;
        }

        return Digits(context, digits, radix) is { } value ? negative ? -value : value : null;
    }

    /// <summary>The double that a text is; null where it is none.</summary>
    public static double? Float(RenderContext context, string text)
    {
        context.Budget.Text(text.Length);
        var digits = Normalized(text);
        if (digits.Length is 0 || !WithoutUnderscores(ref digits))
            return null;
        var magnitude = digits.TrimStart('+', '-');
        if (digits.Length - magnitude.Length > 1)
            return null;
        if (magnitude.Equals("nan", StringComparison.OrdinalIgnoreCase))
            return double.NaN;
        if (magnitude.Equals("inf", StringComparison.OrdinalIgnoreCase) || magnitude.Equals("infinity", StringComparison.OrdinalIgnoreCase))
            return digits[0] == '-' ? double.NegativeInfinity : double.PositiveInfinity;
        const NumberStyles Style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        // .NET would take more than digits: its own words for infinity, say.
        var isPlain = !magnitude.AsSpan().ContainsAnyExcept(s_inFloats);
        return isPlain && double.TryParse(digits, Style, CultureInfo.InvariantCulture, out var number) ? number : null;
    }

    /// <summary>Without white space around it, and with ASCII for all decimal digits.</summary>
    private static string Normalized(string text)
    {
        var start = PythonSpace.SkipForward(text, 0);
        var end = PythonSpace.TrimmedEnd(text);
        var trimmed = start < end ? text[start..end] : "";
        if (Ascii.IsValid(trimmed))
            return trimmed;
        var result = new StringBuilder();
        foreach (var rune in trimmed.EnumerateRunes())
        {
            var digit = UnicodeText.DecimalDigit(rune);
            result.Append(digit >= 0 ? ((char)('0' + digit)).ToString() : rune.ToString());
        }

        return result.ToString();
    }

    private static int Prefix(string digits)
    {
        if (digits.Length < 2 || digits[0] != '0')
            return 0;
        return digits[1] switch { 'x' or 'X' => 16, 'o' or 'O' => 8, 'b' or 'B' => 2, _ => 0 };
    }

    private static BigInteger? Digits(RenderContext context, string digits, int radix)
    {
        if (digits.Length == 0 || !WithoutUnderscores(ref digits))
            return null;
        // Bases that are powers of two have no limit in Python; here the size of integers is one.
        if (digits.Length > NumberValue.MaxDigits)
            return null;
        context.Budget.Digits(digits.Length);
        var value = BigInteger.Zero;
        for (var start = 0; start < digits.Length; start += DigitsPerStep)
        {
            var (part, unit) = (0L, 1L);
            foreach (var c in digits.AsSpan(start, Math.Min(DigitsPerStep, digits.Length - start)))
            {
                var digit = char.IsAsciiDigit(c) ? c - '0' : char.IsAsciiLetter(c) ? (c | 0x20) - 'a' + 10 : radix;
                if (digit >= radix)
                    return null;
                (part, unit) = (part * radix + digit, unit * radix);
            }

            value = value * unit + part;
        }

        return value;
    }

    /// <summary>An underscore may stand between two digits and nowhere else.</summary>
    private static bool WithoutUnderscores(ref string digits)
    {
        if (!digits.Contains('_', StringComparison.Ordinal))
            return true;
        for (var i = 0; i < digits.Length; i++)
        {
            if (digits[i] == '_' && (i == 0 || i + 1 == digits.Length || !char.IsAsciiLetterOrDigit(digits[i - 1])
                || !char.IsAsciiLetterOrDigit(digits[i + 1])))
            {
                return false;
            }
        }

        digits = digits.Replace("_", "", StringComparison.Ordinal);
        return true;
    }
}
