using System.Numerics;

namespace AkkaCp.Text.Templates;

/// <summary>Doubles that lie nearest to integers and to their quotients, halves to even.</summary>
internal static class IntegerDivision
{
    /// <summary>Bits that a double's 53 are rounded from: enough for one more and for what the sticky bit stands for.</summary>
    private const int KeptBits = 62;

    /// <summary>a / b.</summary>
    /// <exception cref="TemplateError">The quotient is beyond the largest double.</exception>
    public static double Divide(BigInteger a, BigInteger b)
    {
        if (BigInteger.Abs(a).GetBitLength() <= 53 && BigInteger.Abs(b).GetBitLength() <= 53)
            return (double)a / (double)b;
        var shift = KeptBits + 2 - (int)(BigInteger.Abs(a).GetBitLength() - BigInteger.Abs(b).GetBitLength());
        var (dividend, divisor) = shift >= 0 ? (a << shift, b) : (a, b << -shift);
        var quotient = BigInteger.DivRem(dividend, divisor, out var remainder);
        var result = Math.ScaleB(Round(quotient, !remainder.IsZero), -shift);
        return double.IsFinite(result) ? result : throw new TemplateError("integer division result is too large for a float");
    }

    /// <summary>The nearest double, or infinity; <paramref name="sticky"/> where the true value is a little further from zero.</summary>
    public static double Round(BigInteger value, bool sticky)
    {
        var magnitude = BigInteger.Abs(value);
        var dropped = (int)magnitude.GetBitLength() - KeptBits;
        if (dropped <= 0)
            return (double)(long)value;
        var kept = (long)(magnitude >> dropped);
        if (sticky || (new BigInteger(kept) << dropped) != magnitude)
            kept |= 1;
        return Math.ScaleB(value.Sign * (double)kept, dropped);
    }
}
