using System.Globalization;
using System.Numerics;

namespace AkkaCp.Text.Templates;

/// <summary>Python's <c>format(value, specification)</c>.</summary>
internal static class ValueFormat
{
    private const int UsualPrecision = 6;

    public static string Apply(RenderContext context, TemplateValue value, string specification)
    {
        if (specification.Length == 0)
            return PythonText.Str(context, value);
        context.Budget.Text(specification.Length);
        return value switch
        {
            StringValue text => OfText(context, text.Value, FormatSpec.Parse(specification)),
            FloatValue number => OfFloat(context, number.Value, FormatSpec.Parse(specification)),
            NumberValue number => OfInteger(context, Numbers.ToInteger(number), FormatSpec.Parse(specification)),
            _ => throw new TemplateError($"'{value.TypeName}' takes no format specification, found '{specification}'"),
        };
    }

    private static string OfText(RenderContext context, string text, FormatSpec spec)
    {
        if (spec.Type is not ('\0' or 's'))
            throw Unknown(spec, "str");
        if (spec.Sign != '\0' || spec.NoNegativeZero || spec.Alternate || spec.Grouping != '\0' || spec.Align == '=')
            throw new TemplateError("a format specification for text has no sign, '=', '#', 'z' or grouping");
        if (spec.Precision is { } most)
            text = Slices.CutText(context, text, SliceBounds.Before(most));
        return spec.Pad(context, "", text, '<');
    }

    private static string OfInteger(RenderContext context, BigInteger value, FormatSpec spec)
    {
        if (spec.Type is 'e' or 'E' or 'f' or 'F' or 'g' or 'G' or '%')
            return OfFloat(context, Numbers.ToDouble(new IntegerValue(value)), spec);
        if (spec.Precision is not null || spec.NoNegativeZero)
            throw new TemplateError("a format specification for integers has no precision and no 'z'");
        if (spec.Type == 'c')
            return OfCharacter(context, value, spec);
        if (spec.Type == 'n' && spec.Grouping != '\0')
            throw new TemplateError("a format specification has a grouping beside 'n'");
        var (prefix, digits) = IntegerFormat.Digits(context, BigInteger.Abs(value), spec.Type);
        return Assemble(context, value.Sign < 0, spec.Alternate ? prefix : "", digits, "", spec, IntegerFormat.GroupSize(spec));
    }

    private static string OfCharacter(RenderContext context, BigInteger value, FormatSpec spec)
    {
        if (spec.Sign != '\0' || spec.Alternate || spec.Grouping != '\0')
            throw new TemplateError("a format specification of type 'c' has no sign, '#' or grouping");
        return spec.Pad(context, "", IntegerFormat.Character(value), spec.ZeroPadded && spec.Align == '\0' ? '=' : '>');
    }

    private static string OfFloat(RenderContext context, double value, FormatSpec spec)
    {
        var type = spec.Type;
        if (type is not ('\0' or 'e' or 'E' or 'f' or 'F' or 'g' or 'G' or 'n' or '%'))
            throw Unknown(spec, "float");
        if (type == 'n' && spec.Grouping != '\0')
            throw new TemplateError("a format specification has a grouping beside 'n'");
        var digits = type switch
        {
            '\0' => FloatFormat.Shortest(context, value, spec.Precision, spec.Alternate),
            '%' => FloatFormat.Digits(context, value * 100, 'f', spec.Precision ?? UsualPrecision, spec.Alternate),
            'n' => FloatFormat.Digits(context, value, 'g', spec.Precision ?? UsualPrecision, spec.Alternate),
            _ => FloatFormat.Digits(context, value, type, spec.Precision ?? UsualPrecision, spec.Alternate),
        };
        var whole = digits.AsSpan().IndexOfAnyExceptInRange('0', '9') is var end && end < 0 ? digits.Length : end;
        var negative = (double.IsNegative(value) && !double.IsNaN(value))
            && !(spec.NoNegativeZero && digits.AsSpan().IndexOfAnyInRange('1', '9') < 0 && double.IsFinite(value));
        return Assemble(context, negative, "", digits[..whole], digits[whole..] + (type == '%' ? "%" : ""), spec, 3);
    }

    private static string Assemble(
        RenderContext context, bool isNegative, string prefix, string whole, string rest, FormatSpec spec, int groupSize)
    {
        var sign = (isNegative ? "-" : spec.Sign is '+' or ' ' ? spec.Sign.ToString() : "") + prefix;
        var padsWithZeros = spec.Fill == "0" && (spec.Align == '=' || (spec.ZeroPadded && spec.Align == '\0'));
        if (spec.Grouping != '\0' && whole.Length > 0)
        {
            // Zeros that pad a number are grouped with its digits.
            var least = padsWithZeros ? (spec.Width ?? 0) - sign.Length - rest.Length : 0;
            context.Budget.Text(Math.Max(whole.Length, least));
            whole = IntegerFormat.Group(whole, spec.Grouping, groupSize, least);
        }

        return spec.Pad(context, sign, whole + rest, padsWithZeros ? '=' : '>');
    }

    private static TemplateError Unknown(FormatSpec spec, string type) =>
        new(string.Create(CultureInfo.InvariantCulture, $"unknown format code '{spec.Type}' for '{type}'"));
}
