using System.Globalization;
using System.Numerics;

namespace AkkaCp.Model.Templates;

/// <summary>Filters that give numbers.</summary>
internal static class NumberFilters
{
    public static TemplateValue Abs(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        arguments.Bind("abs");
        return subject switch
        {
            FloatValue number => new FloatValue(Math.Abs(number.Value)),
            NumberValue number => new IntegerValue(BigInteger.Abs(Arithmetic.ToInteger(number))),
            _ => throw new TemplateError($"abs needs a number, found '{subject.TypeName}'"),
        };
    }

    /// <summary>int(value, default=0): fractions are cut off; text that is no number gives the default.</summary>
    public static TemplateValue Int(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var absent = arguments.Bind("int", "default", "base")[0] ?? new IntegerValue(BigInteger.Zero);
        return subject switch
        {
            FloatValue { Value: var number } => double.IsFinite(number) ? new IntegerValue(new BigInteger(number)) : absent,
            NumberValue number => new IntegerValue(Arithmetic.ToInteger(number)),
            StringValue { Value.Length: <= NumberValue.MaxDigits } text => ParseInteger(text.Value) ?? absent,
            _ => absent,
        };
    }

    /// <summary>float(value, default=0.0).</summary>
    public static TemplateValue Float(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var absent = arguments.Bind("float", "default")[0] ?? new FloatValue(0);
        return subject switch
        {
            NumberValue number => new FloatValue(Arithmetic.ToDouble(number)),
            StringValue { Value.Length: <= NumberValue.MaxDigits } text when ParseDouble(text.Value) is { } number => new FloatValue(number),
            _ => absent,
        };
    }

    /// <summary>round(value, precision=0, method="common"): "common" rounds halves to even as Python does; a float results.</summary>
    public static TemplateValue Round(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var bound = arguments.Bind("round", "precision", "method");
        var precision = Math.Clamp(bound[0].AsInteger("round", "precision", 0), -300, 300);
        if (subject is not NumberValue number)
            throw new TemplateError($"round needs a number, found '{subject.TypeName}'");
        var (value, scale) = (Arithmetic.ToDouble(number), Math.Pow(10, precision));
        return (bound[1].AsOptionalText("round", "method") ?? "common") switch
        {
            // The decimal digits of the double itself decide, not those of value · scale, which is rounded already.
            "common" => Common(subject, value, precision),
            "ceil" => new FloatValue(Math.Ceiling(value * scale) / scale),
            "floor" => new FloatValue(Math.Floor(value * scale) / scale),
            var other => throw new TemplateError($"round has the methods common, ceil and floor, found '{other}'"),
        };
    }

    public static TemplateValue Sum(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var bound = arguments.Bind("sum", "attribute", "start");
        var sum = bound[1] ?? new IntegerValue(BigInteger.Zero);
        foreach (var item in Sequences.Iterate(context, subject))
            sum = Arithmetic.Apply(context, "+", sum, bound[0] is null or NoneValue ? item : Members.Path(context, item, bound[0]!));
        return sum;
    }

    private static NumberValue Common(TemplateValue subject, double value, int precision)
    {
        if (subject is not FloatValue)
            return precision >= 0 ? (NumberValue)subject : new IntegerValue(new BigInteger(RoundTens(value, precision)));
        return new FloatValue(precision >= 0
            ? double.Parse(value.ToString("F" + precision, CultureInfo.InvariantCulture), CultureInfo.InvariantCulture)
            : RoundTens(value, precision));
    }

    private static double RoundTens(double value, int precision)
    {
        var unit = Math.Pow(10, -precision);
        return Math.Round(value / unit, MidpointRounding.ToEven) * unit;
    }

    private static IntegerValue? ParseInteger(string text)
    {
        if (BigInteger.TryParse(text.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var integer))
            return new IntegerValue(integer);
        return ParseDouble(text) is { } number && double.IsFinite(number) ? new IntegerValue(new BigInteger(number)) : null;
    }

    private static double? ParseDouble(string text)
    {
        const NumberStyles Style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        return double.TryParse(text.Trim(), Style, CultureInfo.InvariantCulture, out var number) ? number : null;
    }
}
