using System.Globalization;
using System.Numerics;

namespace AkkaCp.Text.Templates;

/// <summary>Filters that make or show numbers.</summary>
internal static class NumberFilters
{
    private static readonly string[] s_decimalUnits = ["kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"];
    private static readonly string[] s_binaryUnits = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"];

    public static TemplateValue Abs(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        arguments.Bind("abs");
        return subject switch
        {
            FloatValue number => new FloatValue(Math.Abs(number.Value)),
            NumberValue number => new IntegerValue(BigInteger.Abs(Numbers.ToInteger(number))),
            _ => throw new TemplateError($"abs needs a number, found '{subject.TypeName}'"),
        };
    }

    /// <summary>int(value, default=0, base=10): fractions are cut off; what is no number gives the default.</summary>
    public static TemplateValue Int(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var bound = arguments.Bind("int", "default", "base");
        var absent = bound[0] ?? new IntegerValue(BigInteger.Zero);
        switch (subject)
        {
            case StringValue text:
                var parsed = bound[1] is null or IntegerValue or BooleanValue
                    ? NumberParsing.Integer(context, text.Value, bound[1].AsInteger("int", "base", 10))
                    : null;
                if (parsed is { } integer)
                    return new IntegerValue(integer);
                return NumberParsing.Float(context, text.Value) is { } real && double.IsFinite(real)
                    ? new IntegerValue(new BigInteger(real))
                    : absent;
            case FloatValue number:
                return double.IsNaN(number.Value) ? absent : new IntegerValue(Arithmetic.Truncate(number.Value));
            case NumberValue number:
                return new IntegerValue(Numbers.ToInteger(number));
            case UndefinedValue undefined:
                throw new TemplateError(undefined.Reason);
            default:
                return absent;
        }
    }

    /// <summary>float(value, default=0.0).</summary>
    public static TemplateValue Float(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var absent = arguments.Bind("float", "default")[0] ?? new FloatValue(0);
        return subject switch
        {
            NumberValue number => new FloatValue(Numbers.ToDouble(number)),
            StringValue text when NumberParsing.Float(context, text.Value) is { } number => new FloatValue(number),
            UndefinedValue undefined => throw new TemplateError(undefined.Reason),
            _ => absent,
        };
    }

    /// <summary>round(value, precision=0, method="common"): "common" rounds halves to even as Python does.</summary>
    public static TemplateValue Round(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var bound = arguments.Bind("round", "precision", "method");
        var method = bound[1] is null ? "common" : bound[1] is StringValue text ? text.Value : "";
        if (method is not ("common" or "ceil" or "floor"))
            throw new TemplateError($"round has the methods common, ceil and floor, found '{method}'");
        if (subject is not NumberValue number)
            throw new TemplateError($"round needs a number, found '{subject.TypeName}'");
        if (method == "common")
        {
            return bound[0] is NoneValue
                ? Rounding.ToInteger(number)
                : Rounding.ToPlaces(number, bound[0].AsInteger("round", "precision", 0));
        }

        var scale = Arithmetic.Apply(context, "**", new IntegerValue(10), bound[0] ?? new IntegerValue(0));
        var scaled = (NumberValue)Arithmetic.Apply(context, "*", number, scale);
        return Arithmetic.Apply(context, "/", Rounding.ToWhole(scaled, up: method == "ceil"), scale);
    }

    /// <summary>sum(iterable, attribute=none, start=0).</summary>
    public static TemplateValue Sum(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var bound = arguments.Bind("sum", "attribute", "start");
        var sum = bound[1] ?? new IntegerValue(BigInteger.Zero);
        if (sum is StringValue or BytesValue)
            throw new TemplateError($"sum() cannot start from '{sum.TypeName}'");
        foreach (var item in Sequences.Enumerate(context, subject))
            sum = Arithmetic.Apply(context, "+", sum, Members.Path(context, item, bound[0] ?? NoneValue.Instance));
        return sum;
    }

    /// <summary>filesizeformat(value, binary=false): "13 kB".</summary>
    public static TemplateValue FileSize(RenderContext context, TemplateValue subject, CallArguments arguments)
    {
        var isBinary = arguments.Bind("filesizeformat", "binary")[0].AsFlag();
        var bytes = subject switch
        {
            NumberValue number => Numbers.ToDouble(number),
            StringValue text when NumberParsing.Float(context, text.Value) is { } number => number,
            _ => throw new TemplateError($"filesizeformat needs a number, found '{subject.TypeName}'"),
        };
        var unit = isBinary ? 1024 : 1000;
        if (bytes == 1)
            return new StringValue("1 Byte");
        if (bytes < unit)
            return new StringValue(Arithmetic.Truncate(bytes).ToString(CultureInfo.InvariantCulture) + " Bytes");
        return new StringValue(FileSize(context, bytes, unit, isBinary ? s_binaryUnits : s_decimalUnits));
    }

    private static string FileSize(RenderContext context, double bytes, int unit, string[] names)
    {
        var (place, next) = (0, new BigInteger(unit) * unit);
        while (place < names.Length - 1 && !(Numbers.Compare(new FloatValue(bytes), new IntegerValue(next)) < 0))
            (place, next) = (place + 1, next * unit);
        var size = unit * bytes / Numbers.ToDouble(new IntegerValue(next));
        return FloatFormat.Digits(context, size, 'f', 1, alternate: false) + " " + names[place];
    }
}
