using System.Numerics;
using System.Text;

namespace AkkaCp.Model.Templates;

/// <summary>Python's arithmetic operators.</summary>
internal static class Arithmetic
{
    public static TemplateValue Apply(RenderContext context, string op, TemplateValue left, TemplateValue right) => (left, right) switch
    {
        (UndefinedValue undefined, _) => throw new TemplateError(undefined.Reason),
        (_, UndefinedValue undefined) => throw new TemplateError(undefined.Reason),
        (NumberValue a, NumberValue b) => OfNumbers(op, a, b),
        (StringValue a, StringValue b) when op == "+" => Join(context, a.Value, b.Value),
        (SequenceValue a, SequenceValue b) when op == "+" && a.IsTuple == b.IsTuple => Join(context, a, b),
        (StringValue or SequenceValue, IntegerValue or BooleanValue) when op == "*" => Repeat(context, left, right),
        (IntegerValue or BooleanValue, StringValue or SequenceValue) when op == "*" => Repeat(context, right, left),
        _ => throw new TemplateError($"cannot apply {op} to '{left.TypeName}' and '{right.TypeName}'"),
    };

    public static TemplateValue Sign(bool isNegative, TemplateValue operand) => operand switch
    {
        FloatValue number => new FloatValue(isNegative ? -number.Value : number.Value),
        NumberValue number => new IntegerValue(isNegative ? -ToInteger(number) : ToInteger(number)),
        UndefinedValue undefined => throw new TemplateError(undefined.Reason),
        _ => throw new TemplateError($"cannot apply a sign to '{operand.TypeName}'"),
    };

    public static double ToDouble(NumberValue number) =>
        number is FloatValue real ? real.Value : (double)ToInteger(number);

    /// <summary>The value of an integer or a boolean.</summary>
    public static BigInteger ToInteger(NumberValue number) => number switch
    {
        IntegerValue integer => integer.Value,
        BooleanValue boolean => boolean.Value ? BigInteger.One : BigInteger.Zero,
        _ => throw new TemplateError($"expected an integer, found '{number.TypeName}'"),
    };

    /// <summary>Negative, zero or positive; null where one of them is NaN.</summary>
    public static int? CompareNumbers(NumberValue left, NumberValue right)
    {
        if (left is not FloatValue && right is not FloatValue)
            return ToInteger(left).CompareTo(ToInteger(right));
        var (a, b) = (ToDouble(left), ToDouble(right));
        return double.IsNaN(a) || double.IsNaN(b) ? null : a.CompareTo(b);
    }

    private static TemplateValue OfNumbers(string op, NumberValue left, NumberValue right)
    {
        if (op is "/" or "//" or "%" && ToDouble(right) == 0)
            throw new TemplateError("division by zero");
        if (op == "/" || left is FloatValue || right is FloatValue)
            return new FloatValue(OfDoubles(op, ToDouble(left), ToDouble(right)));
        return op == "**" ? Power(ToInteger(left), ToInteger(right)) : Bounded(OfIntegers(op, ToInteger(left), ToInteger(right)));
    }

    private static double OfDoubles(string op, double a, double b) => op switch
    {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        "/" => a / b,
        "//" => Math.Round((a - FloorRemainder(a, b)) / b),
        "%" => FloorRemainder(a, b),
        _ => Math.Pow(a, b),
    };

    /// <summary>The remainder with the divisor's sign.</summary>
    private static double FloorRemainder(double a, double b)
    {
        var remainder = a % b;
        return remainder != 0 && remainder < 0 != b < 0 ? remainder + b : remainder;
    }

    private static BigInteger OfIntegers(string op, BigInteger a, BigInteger b) => op switch
    {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        "//" => FloorDivide(a, b),
        _ => a - b * FloorDivide(a, b),
    };

    private static BigInteger FloorDivide(BigInteger a, BigInteger b)
    {
        var quotient = BigInteger.DivRem(a, b, out var remainder);
        return !remainder.IsZero && remainder.Sign != b.Sign ? quotient - 1 : quotient;
    }

    private static NumberValue Power(BigInteger a, BigInteger b)
    {
        if (b.Sign < 0)
            return a.IsZero ? throw new TemplateError("division by zero") : new FloatValue(Math.Pow((double)a, (double)b));
        // The size is known before the power is: |a| < 2^bits, so |a^b| < 2^(bits · b).
        var bits = (a.IsOne || a.IsZero || a == BigInteger.MinusOne) ? 0 : (double)a.GetBitLength() * (double)b;
        if (bits > IntegerValue.MaxBits)
            throw TooLarge();
        return new IntegerValue(bits == 0 ? BigInteger.Pow(a, b.IsZero ? 0 : b.IsEven ? 2 : 1) : BigInteger.Pow(a, (int)b));
    }

    private static IntegerValue Bounded(BigInteger value) =>
        value.GetBitLength() <= IntegerValue.MaxBits ? new IntegerValue(value) : throw TooLarge();

    private static TemplateError TooLarge() => new($"an integer is larger than {IntegerValue.MaxBits} bits");

    private static StringValue Join(RenderContext context, string left, string right)
    {
        context.Budget.Text((long)left.Length + right.Length);
        return new StringValue(left + right);
    }

    private static SequenceValue Join(RenderContext context, SequenceValue left, SequenceValue right)
    {
        context.Budget.Items((long)left.Items.Count + right.Items.Count);
        return new SequenceValue([.. left.Items, .. right.Items], left.IsTuple);
    }

    private static TemplateValue Repeat(RenderContext context, TemplateValue value, TemplateValue count)
    {
        var times = (long)BigInteger.Clamp(ToInteger((NumberValue)count), 0, int.MaxValue);
        if (value is StringValue text)
        {
            context.Budget.Text(times * text.Value.Length);
            return new StringValue(new StringBuilder().Insert(0, text.Value, text.Value.Length == 0 ? 0 : (int)times).ToString());
        }

        var sequence = (SequenceValue)value;
        context.Budget.Items(times * sequence.Items.Count);
        var items = new List<TemplateValue>();
        for (var i = 0; i < times && sequence.Items.Count > 0; i++)
            items.AddRange(sequence.Items);
        return new SequenceValue(items, sequence.IsTuple);
    }
}
