using System.Globalization;
using System.Text;

namespace AkkaCp.Text.Templates;

/// <summary>The predicates of Python's str, on one character.</summary>
internal static class UnicodeText
{
    private static readonly Lazy<IReadOnlySet<int>> s_lowercase = new(() => UnicodeTable.Shared.Property("lowercase"));
    private static readonly Lazy<IReadOnlySet<int>> s_uppercase = new(() => UnicodeTable.Shared.Property("uppercase"));
    private static readonly Lazy<IReadOnlySet<int>> s_digit = new(() => UnicodeTable.Shared.Property("digit"));
    private static readonly Lazy<IReadOnlySet<int>> s_numeric = new(() => UnicodeTable.Shared.Property("numeric"));

    public static bool IsLower(Rune c) => Category(c) == UnicodeCategory.LowercaseLetter || s_lowercase.Value.Contains(c.Value);

    public static bool IsUpper(Rune c) => Category(c) == UnicodeCategory.UppercaseLetter || s_uppercase.Value.Contains(c.Value);

    public static bool IsTitle(Rune c) => Category(c) == UnicodeCategory.TitlecaseLetter;

    public static bool IsCased(Rune c) => IsLower(c) || IsUpper(c) || IsTitle(c);

    public static bool IsAlpha(Rune c) => Rune.IsLetter(c);

    public static bool IsDecimal(Rune c) => Category(c) == UnicodeCategory.DecimalDigitNumber;

    public static bool IsDigit(Rune c) => IsDecimal(c) || s_digit.Value.Contains(c.Value);

    public static bool IsNumeric(Rune c) => IsDigit(c) || s_numeric.Value.Contains(c.Value);

    public static bool IsAlphanumeric(Rune c) => IsAlpha(c) || IsNumeric(c);

    public static bool IsSpace(Rune c) => c.IsBmp && PythonSpace.IsSpace((char)c.Value);

    /// <summary>The value of a decimal digit of any script, or −1.</summary>
    public static int DecimalDigit(Rune c) => IsDecimal(c) ? (int)Rune.GetNumericValue(c) : -1;

    public static bool BeginsIdentifier(Rune c) => c.Value == '_' || IsAlpha(c) || Category(c) == UnicodeCategory.LetterNumber;

    public static bool ContinuesIdentifier(Rune c) => BeginsIdentifier(c) || Category(c) is UnicodeCategory.DecimalDigitNumber
        or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.ConnectorPunctuation
        || c.Value is 0xb7 or 0x387;

    /// <summary>Whether a letter's case is looked for beyond this character: marks, modifiers and what stands within words.</summary>
    public static bool IsCaseIgnorable(Rune c) => Category(c) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark
        or UnicodeCategory.Format or UnicodeCategory.ModifierLetter or UnicodeCategory.ModifierSymbol
        || c.Value is '\'' or '.' or ':' or 0xb7 or 0x387 or 0x55f or 0x5f4 or 0x2018 or 0x2019 or 0x2024 or 0x2027
            or 0xfe13 or 0xfe52 or 0xfe55 or 0xff07 or 0xff0e or 0xff1a;

    private static UnicodeCategory Category(Rune c) => Rune.GetUnicodeCategory(c);
}
