using System.Globalization;
using System.Text;

namespace AkkaCp.Text.Tokenization;

/// <summary>
/// Splits text into the pieces inside which byte pairs merge, exactly as Qwen2's <see cref="Pattern"/> does, in one pass.
/// It scans Unicode scalar values by hand: .NET's Regex works on UTF-16 units, so it takes no letter or digit beyond U+FFFF
/// for one and splits such text elsewhere.
/// </summary>
internal static class QwenPreTokenizer
{
    /// <summary>The pattern that tokenizer.json must name; the comments of the scanner number its alternatives 1 to 7.</summary>
    public const string Pattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private enum Kind
    {
        Letter,
        Number,
        Space,
        LineBreak,
        Other,
    }

    /// <summary>Length in UTF-16 units, at least 1, of the piece that begins a text.</summary>
    /// <param name="text">Well-formed UTF-16, not empty.</param>
    public static int PieceLength(ReadOnlySpan<char> text)
    {
        var kind = KindAt(text, 0, out var size);
        if (kind == Kind.Number) // 3: \p{N}
            return size;
        if (kind == Kind.Letter) // 2, without the optional character before the letters
            return EndOfRun(text, size, Kind.Letter);

        var contraction = ContractionLength(text); // 1
        if (contraction > 0)
            return contraction;

        var next = KindAt(text, size, out _);
        if (kind != Kind.LineBreak && next == Kind.Letter) // 2: [^\r\n\p{L}\p{N}]?\p{L}+
            return EndOfRun(text, size, Kind.Letter);
        if (kind == Kind.Other || (text[0] == ' ' && next == Kind.Other)) // 4:  ?[^\s\p{L}\p{N}]+[\r\n]*
            return EndOfRun(text, EndOfRun(text, kind == Kind.Other ? 0 : size, Kind.Other), Kind.LineBreak);
        return WhitespaceLength(text);
    }

    /// <summary>Alternatives 5 to 7, on a text that begins with white space. All white space is one UTF-16 unit long.</summary>
    private static int WhitespaceLength(ReadOnlySpan<char> text)
    {
        var end = 0;
        var afterLineBreak = 0;
        for (; end < text.Length && char.IsWhiteSpace(text[end]); end++)
        {
            if (text[end] is '\r' or '\n')
                afterLineBreak = end + 1;
        }

        if (afterLineBreak > 0) // 5: \s*[\r\n]+ gives back what follows the run's last line break
            return afterLineBreak;
        var leavesOneForTheNextPiece = end < text.Length && end > 1; // 6: \s+(?!\S) gives back one before a non-space
        return leavesOneForTheNextPiece ? end - 1 : end; // 7: \s+
    }

    private static int ContractionLength(ReadOnlySpan<char> text)
    {
        if (text.Length < 2 || text[0] != '\'')
            return 0;

        var first = Fold(text[1]);
        if (first is 's' or 't' or 'm' or 'd')
            return 2;
        var second = text.Length > 2 ? Fold(text[2]) : '\0';
        return (first, second) is ('r', 'e') or ('v', 'e') or ('l', 'l') ? 3 : 0;
    }

    /// <summary>Unicode case folding as far as the contractions' letters reach; U+017F, the long s, folds to s.</summary>
    private static char Fold(char c) => c == '\u017F' ? 's' : char.IsAsciiLetterUpper(c) ? (char)(c | 0x20) : c;

    private static int EndOfRun(ReadOnlySpan<char> text, int position, Kind kind)
    {
        while (position < text.Length && KindAt(text, position, out var size) == kind)
            position += size;
        return position;
    }

    /// <summary>Kind of the scalar value at a position, and its length in UTF-16 units; the end counts as white space.</summary>
    private static Kind KindAt(ReadOnlySpan<char> text, int position, out int size)
    {
        size = 1;
        if (position >= text.Length)
            return Kind.Space;

        var c = text[position];
        return char.IsAscii(c) ? AsciiKind(c) : UnicodeKind(text[position..], out size);
    }

    private static Kind AsciiKind(char c) =>
        char.IsAsciiLetter(c) ? Kind.Letter
        : char.IsAsciiDigit(c) ? Kind.Number
        : c is '\r' or '\n' ? Kind.LineBreak
        : char.IsWhiteSpace(c) ? Kind.Space
        : Kind.Other;

    // Categories come from CharUnicodeInfo, whose data is part of .NET itself: no ICU, no culture. Rune.IsWhiteSpace is
    // the White_Space property, which is also what \s means to the reference implementation's regex engine.
    private static Kind UnicodeKind(ReadOnlySpan<char> text, out int size)
    {
        Rune.DecodeFromUtf16(text, out var rune, out size);
        return Rune.GetUnicodeCategory(rune) switch
        {
            UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
                or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter => Kind.Letter,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => Kind.Number,
            _ => Rune.IsWhiteSpace(rune) ? Kind.Space : Kind.Other,
        };
    }
}
