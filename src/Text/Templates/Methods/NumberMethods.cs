using System.Collections.Frozen;
using System.Globalization;
using System.Numerics;

namespace AkkaCp.Text.Templates;

/// <summary>The attributes and methods of int, bool and float.</summary>
internal static class NumberMethods
{
    public static FrozenDictionary<string, Operation> OfInteger { get; } = new Dictionary<string, Operation>
    {
        ["as_integer_ratio"] = Of("as_integer_ratio", number => SequenceValue.Tuple(Integer(number), new IntegerValue(1))),
        ["bit_count"] = Of("bit_count", number => new IntegerValue(BigInteger.PopCount(BigInteger.Abs(Numbers.ToInteger(number))))),
        ["bit_length"] = Of("bit_length", number => new IntegerValue(BigInteger.Abs(Numbers.ToInteger(number)).GetBitLength())),
        ["conjugate"] = Of("conjugate", Integer),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static FrozenDictionary<string, Operation> OfFloat { get; } = new Dictionary<string, Operation>
    {
        ["as_integer_ratio"] = Of("as_integer_ratio", number => Ratio(Numbers.ToDouble(number))),
        ["conjugate"] = Of("conjugate", number => number),
        ["hex"] = Of("hex", number => new StringValue(Hex(Numbers.ToDouble(number)))),
        ["is_integer"] = Of("is_integer", number => BooleanValue.Of(double.IsInteger(Numbers.ToDouble(number)))),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static TemplateValue? Attribute(NumberValue number, string name) => (name, number) switch
    {
        ("real", FloatValue) => number,
        ("imag", FloatValue) => new FloatValue(0),
        ("real" or "numerator", not FloatValue) => Integer(number),
        ("imag", _) => new IntegerValue(0),
        ("denominator", not FloatValue) => new IntegerValue(1),
        _ => null,
    };

    private static Operation Of(string name, Func<NumberValue, TemplateValue> method) => (context, subject, arguments) =>
    {
        arguments.Exactly(name, 0);
        return method((NumberValue)subject);
    };

    private static IntegerValue Integer(NumberValue number) => new(Numbers.ToInteger(number));

    private static SequenceValue Ratio(double value)
    {
        Arithmetic.Truncate(value);
        var power = 0;
        for (; !double.IsInteger(value); power++)
            value *= 2;
        return SequenceValue.Tuple(new IntegerValue(new BigInteger(value)), new IntegerValue(BigInteger.One << power));
    }

    private static string Hex(double value)
    {
        if (!double.IsFinite(value))
            return PythonText.OfFloat(value);
        var bits = BitConverter.DoubleToInt64Bits(value);
        var exponent = (int)(bits >> 52 & 0x7ff);
        var mantissa = bits & ((1L << 52) - 1);
        var sign = bits < 0 ? "-" : "";
        if (exponent == 0 && mantissa == 0)
            return sign + "0x0.0p+0";
        var power = Math.Max(exponent, 1) - 1023;
        return string.Create(
            CultureInfo.InvariantCulture, $"{sign}0x{(exponent == 0 ? 0 : 1)}.{mantissa:x13}p{(power < 0 ? "" : "+")}{power}");
    }
}
