using System.Globalization;
using System.Numerics;

namespace AkkaCp.Text.Templates;

/// <summary>
/// The decimal digits of a double, all of them: 0.d₁d₂d₃… × 10^<see cref="Point"/>. Rounding goes from these, halves to even, as in
/// C's printf; .NET's own formats round halves away from zero.
/// </summary>
internal readonly record struct ExactDecimal(string Digits, int Point)
{
    /// <param name="value">Finite; its sign is left out.</param>
    public static ExactDecimal Of(double value)
    {
        var bits = BitConverter.DoubleToInt64Bits(Math.Abs(value));
        var exponent = (int)(bits >> 52);
        var mantissa = new BigInteger(bits & ((1L << 52) - 1) | (exponent == 0 ? 0 : 1L << 52));
        if (mantissa.IsZero)
            return new ExactDecimal("", 0);
        var power = Math.Max(exponent, 1) - 1075;
        // m · 2^-k is m · 5^k / 10^k.
        var integer = power >= 0 ? mantissa << power : mantissa * BigInteger.Pow(5, -power);
        var digits = integer.ToString(CultureInfo.InvariantCulture);
        return new ExactDecimal(digits.TrimEnd('0'), digits.Length + Math.Min(0, power));
    }

    /// <summary>Rounded so that no digit stands beyond that place after the decimal point; before it where negative.</summary>
    public ExactDecimal RoundedTo(int places) => Kept((long)Point + places);

    /// <summary>Rounded to a number of digits.</summary>
    public ExactDecimal RoundedToDigits(int count) => Kept(count);

    /// <summary>The digits before the point and exactly so many after it.</summary>
    public string ToFixed(int places)
    {
        var whole = Point <= 0 ? "0" : Digits.Length >= Point ? Digits[..Point] : Digits.PadRight(Point, '0');
        if (places == 0)
            return whole;
        var zeros = Math.Min(places, Math.Max(0, -Point));
        var fraction = new string('0', zeros) + (Digits.Length > Math.Max(0, Point) ? Digits[Math.Max(0, Point)..] : "");
        return whole + "." + (Digits.Length == 0 ? "" : fraction).PadRight(places, '0');
    }

    /// <summary>d.ddd with exactly so many digits after the point; the exponent is <see cref="Exponent"/>.</summary>
    public string ToMantissa(int places)
    {
        var digits = Digits.PadRight(places + 1, '0');
        return places == 0 ? digits[..1] : digits[..1] + "." + digits[1..(places + 1)];
    }

    /// <summary>The power of ten of the first digit.</summary>
    public int Exponent => Digits.Length == 0 ? 0 : Point - 1;

    private ExactDecimal Kept(long count)
    {
        if (count >= Digits.Length)
            return this;
        if (count < 0)
            return new ExactDecimal("", 0);
        var kept = (int)count;
        var rest = Digits.AsSpan(kept);
        var half = rest[0].CompareTo('5') is var first && first != 0 ? first : rest.Length > 1 ? 1 : 0;
        var up = half > 0 || (half == 0 && kept > 0 && (Digits[kept - 1] - '0') % 2 == 1);
        return up ? Incremented(Digits[..kept]) : Trimmed(Digits[..kept], Point);
    }

    private ExactDecimal Incremented(string digits)
    {
        var last = digits.AsSpan().LastIndexOfAnyExcept('9');
        return last < 0
            ? new ExactDecimal("1", Point + 1)
            : new ExactDecimal(digits[..last] + (char)(digits[last] + 1), Point);
    }

    private static ExactDecimal Trimmed(string digits, int point) =>
        digits.TrimEnd('0') is { Length: > 0 } kept ? new ExactDecimal(kept, point) : new ExactDecimal("", 0);
}
