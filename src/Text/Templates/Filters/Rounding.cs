using System.Globalization;
using System.Numerics;

namespace AkkaCp.Text.Templates;

/// <summary>Python's round, ceil and floor.</summary>
internal static class Rounding
{
    /// <summary>Beyond these places no double has digits, or any is zero.</summary>
    private const int MostPlaces = 400;

    /// <summary>round(number, places): of the same type, halves to even.</summary>
    public static NumberValue ToPlaces(NumberValue number, int places)
    {
        if (number is not FloatValue real)
            return new IntegerValue(places >= 0 ? Numbers.ToInteger(number) : ToTens(Numbers.ToInteger(number), -places));
        if (!double.IsFinite(real.Value))
            return real;
        // The decimal digits of the double itself decide, not those of the value scaled, which is rounded already.
        var rounded = ExactDecimal.Of(real.Value).RoundedTo(Math.Clamp(places, -MostPlaces, MostPlaces));
        var magnitude = double.Parse(
            $"0.{rounded.Digits}0e{rounded.Point.ToString(CultureInfo.InvariantCulture)}", CultureInfo.InvariantCulture);
        return double.IsFinite(magnitude)
            ? new FloatValue(Math.CopySign(magnitude, real.Value))
            : throw new TemplateError("rounded value is too large for a float");
    }

    /// <summary>round(number): an integer, halves to even.</summary>
    public static NumberValue ToInteger(NumberValue number) => number is FloatValue real
        ? new IntegerValue(Arithmetic.Truncate(Math.Round(real.Value, MidpointRounding.ToEven)))
        : new IntegerValue(Numbers.ToInteger(number));

    public static NumberValue ToWhole(NumberValue number, bool up) => number is FloatValue real
        ? new IntegerValue(Arithmetic.Truncate(up ? Math.Ceiling(real.Value) : Math.Floor(real.Value)))
        : new IntegerValue(Numbers.ToInteger(number));

    private static BigInteger ToTens(BigInteger value, int zeros)
    {
        if (zeros > NumberValue.MaxDigits + 1)
            return BigInteger.Zero;
        var unit = BigInteger.Pow(10, zeros);
        var floor = Arithmetic.FloorDivide(value, unit);
        var twice = (value - floor * unit) * 2;
        return unit * (twice > unit || (twice == unit && !floor.IsEven) ? floor + 1 : floor);
    }
}
