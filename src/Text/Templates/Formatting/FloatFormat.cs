using System.Globalization;

namespace AkkaCp.Text.Templates;

/// <summary>A double in one of printf's notations, without sign and padding.</summary>
internal static class FloatFormat
{
    /// <param name="context">Pays for the digits.</param>
    /// <param name="value">Any double; its sign is left out.</param>
    /// <param name="kind">e, f or g, or their capitals.</param>
    /// <param name="precision">Digits after the point, for g in all.</param>
    /// <param name="alternate">Whether the point, and g's zeros at the end, always stand.</param>
    public static string Digits(RenderContext context, double value, char kind, int precision, bool alternate)
    {
        if (!double.IsFinite(value))
            return Case(double.IsNaN(value) ? "nan" : "inf", kind);
        context.Budget.Text(precision);
        context.Budget.Digits(400);
        var text = char.ToLowerInvariant(kind) switch
        {
            'e' => Scientific(ExactDecimal.Of(value).RoundedToDigits(precision + 1), precision, alternate),
            'f' => Fixed(ExactDecimal.Of(value).RoundedTo(precision), precision, alternate),
            _ => General(value, Math.Max(1, precision), alternate),
        };
        return Case(text, kind);
    }

    /// <summary>The shortest digits, or <paramref name="precision"/> of them, as format() writes a float without a type.</summary>
    public static string Shortest(RenderContext context, double value, int? precision, bool alternate)
    {
        if (precision is not { } given || !double.IsFinite(value))
            return !double.IsFinite(value) ? Digits(context, value, 'g', 0, alternate) : Shortest(Math.Abs(value), alternate);
        var digits = Math.Max(1, given);
        var text = Digits(context, value, 'g', digits, alternate);
        // Without a type a float is told from an integer: "1" is "1.0". Exponents begin one place earlier than in g, so that it has room.
        var rounded = ExactDecimal.Of(value).RoundedToDigits(digits);
        if (rounded.Exponent == digits - 1)
            text = Scientific(rounded, digits - 1, alternate) is var scientific && alternate ? scientific : StripZeros(scientific);
        return text.AsSpan().ContainsAny('.', 'e') ? text : text + ".0";
    }

    private static string Shortest(double value, bool alternate)
    {
        var text = PythonText.OfFloat(value);
        return alternate && !text.Contains('.', StringComparison.Ordinal) ? text.Replace("e", ".e", StringComparison.Ordinal) : text;
    }

    private static string Fixed(ExactDecimal value, int precision, bool alternate) =>
        value.ToFixed(precision) + (alternate && precision == 0 ? "." : "");

    private static string Scientific(ExactDecimal value, int precision, bool alternate) => string.Create(
        CultureInfo.InvariantCulture,
        $"{value.ToMantissa(precision)}{(alternate && precision == 0 ? "." : "")}"
            + $"e{(value.Exponent < 0 ? '-' : '+')}{Math.Abs(value.Exponent):00}");

    private static string General(double value, int precision, bool alternate)
    {
        var rounded = ExactDecimal.Of(value).RoundedToDigits(precision);
        var text = rounded.Exponent < -4 || rounded.Exponent >= precision
            ? Scientific(rounded, precision - 1, alternate)
            : Fixed(rounded, precision - 1 - rounded.Exponent, alternate);
        return alternate ? text : StripZeros(text);
    }

    private static string StripZeros(string text)
    {
        var end = text.IndexOf('e', StringComparison.Ordinal) is var e && e < 0 ? text.Length : e;
        return text[..end].Contains('.', StringComparison.Ordinal) ? text[..end].TrimEnd('0').TrimEnd('.') + text[end..] : text;
    }

    private static string Case(string text, char kind) => char.IsAsciiLetterUpper(kind) ? text.ToUpperInvariant() : text;
}
