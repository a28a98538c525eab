namespace AkkaCp.Text.Templates;

/// <summary>Python's arithmetic on doubles, with the exceptions it raises where IEEE 754 gives infinity or NaN.</summary>
internal static class FloatArithmetic
{
    public static double Apply(string op, double a, double b) => op switch
    {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        "/" => a / b,
        "//" => FloorDivide(a, b),
        "%" => Remainder(a, b),
        _ => Power(a, b),
    };

    /// <summary>The remainder with the divisor's sign; the step that adds the divisor is CPython's, so its rounding is too.</summary>
    private static double Remainder(double a, double b)
    {
        var remainder = a % b;
        if (remainder == 0)
            return Math.CopySign(0, b);
        return b < 0 != remainder < 0 ? remainder + b : remainder;
    }

    private static double FloorDivide(double a, double b)
    {
        var remainder = a % b;
        var quotient = (a - remainder) / b;
        if (remainder != 0 && b < 0 != remainder < 0)
            quotient -= 1;
        if (quotient == 0)
            return Math.CopySign(0, a / b);
        var floor = Math.Floor(quotient);
        return quotient - floor > 0.5 ? floor + 1 : floor;
    }

    private static double Power(double a, double b)
    {
        if (a == 0 && b < 0)
            throw new TemplateError("division by zero");
        if (a < 0 && double.IsFinite(a) && double.IsFinite(b) && b != Math.Floor(b))
            throw new TemplateError("a root of a negative number is complex, and there are no complex numbers here");
        var power = a == 1 || b == 0 ? 1 : Math.Pow(a, b);
        return double.IsInfinity(power) && double.IsFinite(a) && double.IsFinite(b)
            ? throw new TemplateError("numerical result out of range")
            : power;
    }
}
