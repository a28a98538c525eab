using System.Text;

namespace AkkaCp.Text.Templates;

/// <summary>Python's case mappings: full ones, where "ß" becomes "SS" and a sigma at a word's end "ς".</summary>
internal static class CaseMapping
{
    private const char CapitalSigma = '\u03a3';

    private static readonly Lazy<IReadOnlyDictionary<int, string>> s_upper = new(() => UnicodeTable.Shared.Mapping("upper"));
    private static readonly Lazy<IReadOnlyDictionary<int, string>> s_lower = new(() => UnicodeTable.Shared.Mapping("lower"));
    private static readonly Lazy<IReadOnlyDictionary<int, string>> s_title = new(() => UnicodeTable.Shared.Mapping("title"));
    private static readonly Lazy<IReadOnlyDictionary<int, string>> s_fold = new(() => UnicodeTable.Shared.Mapping("fold"));

    public static string Upper(string text) =>
        Ascii.IsValid(text) ? text.ToUpperInvariant() : Map(text, (result, c, _) => Append(result, s_upper.Value, c));

    public static string Lower(string text) =>
        Ascii.IsValid(text) ? text.ToLowerInvariant() : Map(text, (result, c, offset) => AppendLower(result, text, c, offset));

    public static string Fold(string text) =>
        Ascii.IsValid(text) ? text.ToLowerInvariant() : Map(text, (result, c, _) => Append(result, s_fold.Value, c));

    /// <summary>The first character large, the rest small.</summary>
    public static string Capitalize(string text) => Map(text, (result, c, offset) =>
    {
        if (offset == 0)
            Append(result, s_title.Value, c);
        else
            AppendLower(result, text, c, offset);
    });

    /// <summary>The first letter of each run of cased letters large, the rest small: "don't" gives "Don'T".</summary>
    public static string Title(string text)
    {
        var inWord = false;
        return Map(text, (result, c, offset) =>
        {
            if (inWord)
                AppendLower(result, text, c, offset);
            else
                Append(result, s_title.Value, c);
            inWord = UnicodeText.IsCased(c);
        });
    }

    public static string SwapCase(string text) => Map(text, (result, c, offset) =>
    {
        if (UnicodeText.IsUpper(c))
            AppendLower(result, text, c, offset);
        else if (UnicodeText.IsLower(c))
            Append(result, s_upper.Value, c);
        else
            result.Append(c.ToString());
    });

    private static string Map(string text, Action<StringBuilder, Rune, int> append)
    {
        var result = new StringBuilder(text.Length);
        for (var offset = 0; offset < text.Length;)
        {
            Rune.DecodeFromUtf16(text.AsSpan(offset), out var c, out var length);
            append(result, c, offset);
            offset += length;
        }

        return result.ToString();
    }

    private static void Append(StringBuilder result, IReadOnlyDictionary<int, string> mapping, Rune c)
    {
        if (mapping.TryGetValue(c.Value, out var mapped))
            result.Append(mapped);
        else
            result.Append(c.ToString());
    }

    private static void AppendLower(StringBuilder result, string text, Rune c, int offset)
    {
        if (c.Value == CapitalSigma)
            result.Append(EndsWord(text, offset) ? '\u03c2' : '\u03c3');
        else
            Append(result, s_lower.Value, c);
    }

    /// <summary>Whether a cased letter stands before, and none after; characters within words are passed over.</summary>
    private static bool EndsWord(string text, int offset)
    {
        var before = offset;
        while (before > 0)
        {
            Rune.DecodeLastFromUtf16(text.AsSpan(0, before), out var c, out var length);
            before -= length;
            if (UnicodeText.IsCaseIgnorable(c))
                continue;
            return UnicodeText.IsCased(c) && !CasedFollows(text, offset + 1);
        }

        return false;
    }

    private static bool CasedFollows(string text, int offset)
    {
        while (offset < text.Length)
        {
            Rune.DecodeFromUtf16(text.AsSpan(offset), out var c, out var length);
            if (!UnicodeText.IsCaseIgnorable(c))
                return UnicodeText.IsCased(c);
            offset += length;
        }

        return false;
    }
}
