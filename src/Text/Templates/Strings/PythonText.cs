using System.Globalization;
using System.Numerics;

namespace AkkaCp.Text.Templates;

/// <summary>Python's <c>str</c>: how values look when a template prints them.</summary>
internal static class PythonText
{
    public static string Str(RenderContext context, TemplateValue value)
    {
        switch (value)
        {
            case StringValue text:
                return text.Value;
            case UndefinedValue:
                return "";
            default:
                return PythonRepr.Of(context, value);
        }
    }

    /// <summary>The value itself where it is text, so that a Markup stays one; else what it prints as.</summary>
    public static StringValue Soft(RenderContext context, TemplateValue value) =>
        value as StringValue ?? new StringValue(Str(context, value));

    /// <exception cref="TemplateError">More digits than Python writes.</exception>
    public static string OfInteger(RenderContext context, BigInteger value)
    {
        var digits = (long)(value.GetBitLength() * Math.Log10(2)) + 1;
        context.Budget.Digits(digits);
        var text = value.ToString(CultureInfo.InvariantCulture);
        return text.Length - (value.Sign < 0 ? 1 : 0) <= NumberValue.MaxDigits
            ? text
            : throw new TemplateError($"an integer has more than {NumberValue.MaxDigits} digits");
    }

    /// <summary>The shortest digits that give the same double, in Python's notation: exponents from 1e16 and below 1e-4.</summary>
    public static string OfFloat(double value)
    {
        if (double.IsNaN(value))
            return "nan";
        if (double.IsInfinity(value))
            return value > 0 ? "inf" : "-inf";
        if (value == 0)
            return double.IsNegative(value) ? "-0.0" : "0.0";

        // "E16" would pad; "R" gives the shortest digits but in .NET's choice of notation, so take it apart.
        var parts = value.ToString("R", CultureInfo.InvariantCulture).Split('E');
        var mantissa = parts[0].TrimStart('-');
        var point = mantissa.IndexOf('.', StringComparison.Ordinal);
        var exponent = (parts.Length > 1 ? int.Parse(parts[1], CultureInfo.InvariantCulture) : 0) + (point < 0 ? mantissa.Length : point);
        var digits = mantissa.Replace(".", "", StringComparison.Ordinal);
        exponent -= digits.Length - digits.TrimStart('0').Length;
        digits = digits.Trim('0');
        return (value < 0 ? "-" : "") + Notate(digits, exponent);
    }

    /// <summary>0.digits × 10^exponent.</summary>
    private static string Notate(string digits, int exponent)
    {
        if (exponent is > 16 or < -3)
        {
            var fraction = digits.Length > 1 ? "." + digits[1..] : "";
            var power = exponent - 1;
            return string.Create(CultureInfo.InvariantCulture, $"{digits[0]}{fraction}e{(power < 0 ? '-' : '+')}{Math.Abs(power):00}");
        }

        if (exponent <= 0)
            return "0." + new string('0', -exponent) + digits;
        return exponent >= digits.Length
            ? digits.PadRight(exponent, '0') + ".0"
            : digits[..exponent] + "." + digits[exponent..];
    }
}
