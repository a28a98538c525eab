using System.Numerics;

namespace AkkaCp.Text.Templates;

/// <summary>Python's arithmetic operators on numbers; <see cref="Concatenation"/> has those on texts and sequences.</summary>
internal static class Arithmetic
{
    public static TemplateValue Apply(RenderContext context, string op, TemplateValue left, TemplateValue right) => (left, right) switch
    {
        (StringValue text, _) when op == "%" => PercentFormat.Apply(context, text, right),
        (UndefinedValue undefined, _) => throw new TemplateError(undefined.Reason),
        (_, UndefinedValue undefined) => throw new TemplateError(undefined.Reason),
        (NumberValue a, NumberValue b) => OfNumbers(context, op, a, b),
        _ when op == "+" => Concatenation.Join(context, left, right),
        _ when op == "*" => Concatenation.Repeat(context, left, right),
        _ => throw Mismatch(op, left, right),
    };

    public static TemplateError Mismatch(string op, TemplateValue left, TemplateValue right) =>
        new($"cannot apply {op} to '{left.TypeName}' and '{right.TypeName}'");

    public static TemplateValue Sign(bool isNegative, TemplateValue operand) => operand switch
    {
        FloatValue number => new FloatValue(isNegative ? -number.Value : number.Value),
        NumberValue number => new IntegerValue(isNegative ? -Numbers.ToInteger(number) : Numbers.ToInteger(number)),
        UndefinedValue undefined => throw new TemplateError(undefined.Reason),
        _ => throw new TemplateError($"cannot apply a sign to '{operand.TypeName}'"),
    };

    /// <summary>The integer that a finite double is, its fraction cut off.</summary>
    /// <exception cref="TemplateError">Infinity or NaN.</exception>
    public static BigInteger Truncate(double value) =>
        double.IsFinite(value) ? new BigInteger(value) : throw new TemplateError($"cannot make an integer of {PythonText.OfFloat(value)}");

    private static TemplateValue OfNumbers(RenderContext context, string op, NumberValue left, NumberValue right)
    {
        if (op is "/" or "//" or "%" && !right.IsTruthy)
            throw new TemplateError("division by zero");
        if (left is FloatValue || right is FloatValue)
            return new FloatValue(FloatArithmetic.Apply(op, Numbers.ToDouble(left), Numbers.ToDouble(right)));
        var (a, b) = (Numbers.ToInteger(left), Numbers.ToInteger(right));
        context.Budget.Number(a, b);
        return op switch
        {
            "/" => new FloatValue(IntegerDivision.Divide(a, b)),
            "**" => Power(context, a, b),
            _ => Bounded(OfIntegers(op, a, b)),
        };
    }

    private static BigInteger OfIntegers(string op, BigInteger a, BigInteger b) => op switch
    {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        "//" => FloorDivide(a, b),
        _ => a - b * FloorDivide(a, b),
    };

    public static BigInteger FloorDivide(BigInteger a, BigInteger b)
    {
        var quotient = BigInteger.DivRem(a, b, out var remainder);
        return !remainder.IsZero && remainder.Sign != b.Sign ? quotient - 1 : quotient;
    }

    private static NumberValue Power(RenderContext context, BigInteger a, BigInteger b)
    {
        if (b.Sign < 0)
        {
            var (x, y) = (Numbers.ToDouble(new IntegerValue(a)), Numbers.ToDouble(new IntegerValue(b)));
            return new FloatValue(FloatArithmetic.Apply("**", x, y));
        }

        if (a.IsOne || a.IsZero || a == BigInteger.MinusOne)
            return new IntegerValue(BigInteger.Pow(a, b.IsZero ? 0 : b.IsEven ? 2 : 1));
        // The size is known before the power is.
        if (BigInteger.Log(BigInteger.Abs(a), 2) * (double)b > IntegerValue.MaxBits)
            throw TooLarge();
        context.Budget.Text(IntegerValue.MaxBits / 8);
        return Bounded(BigInteger.Pow(a, (int)b));
    }

    private static IntegerValue Bounded(BigInteger value) =>
        value.GetBitLength() <= IntegerValue.MaxBits ? new IntegerValue(value) : throw TooLarge();

    private static TemplateError TooLarge() => new($"an integer is larger than {IntegerValue.MaxBits} bits");
}
