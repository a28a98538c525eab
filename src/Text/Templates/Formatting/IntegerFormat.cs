using System.Globalization;
using System.Numerics;
using System.Text;

namespace AkkaCp.Text.Templates;

/// <summary>The digits of an integer in the bases that Python's formats have.</summary>
internal static class IntegerFormat
{
    /// <summary>The digits of a number that is not negative, and the prefix that its base has.</summary>
    public static (string Prefix, string Digits) Digits(RenderContext context, BigInteger value, char type) => type switch
    {
        '\0' or 'd' or 'n' => ("", PythonText.OfInteger(context, value)),
        'b' => ("0b", Binary(context, value, 1)),
        'o' => ("0o", Binary(context, value, 3)),
        'x' => ("0x", Binary(context, value, 4)),
        'X' => ("0X", Binary(context, value, 4).ToUpperInvariant()),
        _ => throw new TemplateError($"unknown format code '{type}' for 'int'"),
    };

    public static int GroupSize(FormatSpec spec)
    {
        if (spec.Type is not ('b' or 'o' or 'x' or 'X'))
            return 3;
        return spec.Grouping != ',' ? 4 : throw new TemplateError($"a format specification has ',' beside '{spec.Type}'");
    }

    /// <summary>Parts the digits in groups from the right, after putting zeros before them up to a length that counts separators.</summary>
    public static string Group(string digits, char separator, int size, int least)
    {
        var groups = new List<string>();
        var length = 0;
        for (var end = digits.Length; end > 0 || length < least; end -= size)
        {
            var zeros = Math.Clamp(
                least - length - Math.Max(0, Math.Min(size, end)) - (groups.Count > 0 ? 1 : 0), 0, size - Math.Clamp(end, 0, size));
            var part = new string('0', zeros) + (end > 0 ? digits[Math.Max(0, end - size)..end] : "");
            // A separator never comes first: where only its place is left, one more zero stands before it.
            if (part.Length == 0)
                part = "0";
            length += part.Length + (groups.Count > 0 ? 1 : 0);
            groups.Add(part);
        }

        groups.Reverse();
        return string.Join(separator, groups);
    }

    public static string Character(BigInteger value) => value >= 0 && value <= 0x10ffff && Rune.TryCreate((int)value, out var rune)
        ? rune.ToString()
        : throw new TemplateError(string.Create(CultureInfo.InvariantCulture, $"{value} is no character"));

    private static string Binary(RenderContext context, BigInteger value, int bitsPerDigit)
    {
        var count = Math.Max(1, (int)((value.GetBitLength() + bitsPerDigit - 1) / bitsPerDigit));
        context.Budget.Text(count);
        var bytes = value.ToByteArray();
        return string.Create(count, (bytes, bitsPerDigit), static (digits, state) =>
        {
            for (var i = 0; i < digits.Length; i++)
                digits[^(i + 1)] = "0123456789abcdef"[Bits(state.bytes, i * state.bitsPerDigit, state.bitsPerDigit)];
        });
    }

    private static int Bits(byte[] bytes, int offset, int count)
    {
        var value = 0;
        for (var i = 0; i < count; i++)
        {
            var bit = offset + i;
            if (bit / 8 < bytes.Length)
                value |= (bytes[bit / 8] >> (bit % 8) & 1) << i;
        }

        return value;
    }
}
