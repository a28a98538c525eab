using System.Globalization;
using System.Text;

namespace AkkaCp.Model.Templates;

/// <summary>Python's <c>str</c> and <c>repr</c>: how values look when a template prints them.</summary>
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
                var result = new BoundedText(context.Budget);
                AppendRepr(context, result, value);
                return result.ToString();
        }
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

    private static void AppendRepr(RenderContext context, BoundedText result, TemplateValue value)
    {
        context.Budget.Enter();
        switch (value)
        {
            case NoneValue:
                result.Append("None");
                break;
            case BooleanValue boolean:
                result.Append(boolean.Value ? "True" : "False");
                break;
            case IntegerValue integer:
                result.Append(integer.Value.ToString(CultureInfo.InvariantCulture));
                break;
            case FloatValue number:
                result.Append(OfFloat(number.Value));
                break;
            case StringValue text:
                AppendQuoted(result, text.Value);
                break;
            case SequenceValue sequence:
                AppendItems(context, result, sequence);
                break;
            case MappingValue mapping:
                AppendEntries(context, result, mapping);
                break;
            default:
                result.Append(value is UndefinedValue ? "Undefined" : $"<{value.TypeName}>");
                break;
        }

        context.Budget.Leave();
    }

    private static void AppendItems(RenderContext context, BoundedText result, SequenceValue sequence)
    {
        result.Append(sequence.IsTuple ? '(' : '[');
        for (var i = 0; i < sequence.Items.Count; i++)
        {
            if (i > 0)
                result.Append(", ");
            AppendRepr(context, result, sequence.Items[i]);
        }

        result.Append(!sequence.IsTuple ? "]" : sequence.Items.Count == 1 ? ",)" : ")");
    }

    private static void AppendEntries(RenderContext context, BoundedText result, MappingValue mapping)
    {
        var separator = "{";
        foreach (var (key, value) in mapping.Entries)
        {
            result.Append(separator);
            AppendRepr(context, result, key);
            result.Append(": ");
            AppendRepr(context, result, value);
            separator = ", ";
        }

        result.Append(mapping.Entries.Count == 0 ? "{}" : "}");
    }

    private static void AppendQuoted(BoundedText result, string text)
    {
        var quote = text.Contains('\'', StringComparison.Ordinal) && !text.Contains('"', StringComparison.Ordinal) ? '"' : '\'';
        result.Append(quote);
        var start = 0;
        for (var i = 0; i < text.Length;)
        {
            if (text[i] is >= ' ' and <= '~' && text[i] != '\\' && text[i] != quote)
            {
                i++;
                continue;
            }

            result.Append(text[start..i]);
            Rune.DecodeFromUtf16(text.AsSpan(i), out var rune, out var length);
            AppendEscaped(result, rune, quote);
            start = i += length;
        }

        result.Append(text[start..]);
        result.Append(quote);
    }

    private static void AppendEscaped(BoundedText result, Rune rune, char quote)
    {
        var simple = rune.Value switch { '\\' => "\\\\", '\n' => "\\n", '\r' => "\\r", '\t' => "\\t", _ => null };
        if (simple is not null)
            result.Append(simple);
        else if (rune.Value == quote)
            result.Append("\\" + quote);
        else if (IsPrintable(rune))
            result.Append(rune.ToString());
        else
            result.Append(rune.Value < 0x100 ? $"\\x{rune.Value:x2}" : rune.Value < 0x10000 ? $"\\u{rune.Value:x4}" : $"\\U{rune.Value:x8}");
    }

    private static bool IsPrintable(Rune rune) => rune.Value == ' ' || Rune.GetUnicodeCategory(rune) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
        or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.SpaceSeparator);
}
