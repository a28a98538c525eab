using System.Numerics;

namespace AkkaCp.Text.Templates;

/// <summary>Numbers as integers and as doubles, and their order.</summary>
internal static class Numbers
{
    /// <exception cref="TemplateError">An integer beyond the largest double.</exception>
    public static double ToDouble(NumberValue number) =>
        ToDoubleOrInfinity(number) is var value && (double.IsFinite(value) || number is FloatValue)
            ? value
            : throw new TemplateError("integer is too large for a float");

    public static double ToDoubleOrInfinity(NumberValue number) =>
        number is FloatValue real ? real.Value : IntegerDivision.Round(ToInteger(number), sticky: false);

    /// <summary>The value of an integer or a boolean.</summary>
    public static BigInteger ToInteger(NumberValue number) => number switch
    {
        IntegerValue integer => integer.Value,
        BooleanValue boolean => boolean.Value ? BigInteger.One : BigInteger.Zero,
        _ => throw new TemplateError($"expected an integer, found '{number.TypeName}'"),
    };

    /// <summary>Negative, zero or positive; null where one of them is NaN. An integer and a float are compared exactly.</summary>
    public static int? Compare(NumberValue left, NumberValue right) => (left, right) switch
    {
        (FloatValue a, FloatValue b) => double.IsNaN(a.Value) || double.IsNaN(b.Value) ? null : a.Value.CompareTo(b.Value),
        (FloatValue a, _) => CompareWithInteger(a.Value, ToInteger(right)),
        (_, FloatValue b) => -CompareWithInteger(b.Value, ToInteger(left)),
        _ => ToInteger(left).CompareTo(ToInteger(right)),
    };

    private static int? CompareWithInteger(double value, BigInteger integer)
    {
        if (double.IsNaN(value))
            return null;
        if (double.IsInfinity(value))
            return value > 0 ? 1 : -1;
        var floor = Math.Floor(value);
        var order = new BigInteger(floor).CompareTo(integer);
        return order == 0 && value > floor ? 1 : order;
    }
}
