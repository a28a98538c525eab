using System.Globalization;
using System.Text;

namespace AkkaCp.Cli;

/// <summary>
/// Half surrogate pairs in JSON escapes. They are legal JSON and no text; what writes them cut a string in a pair's middle, so each
/// becomes U+FFFD, as bytes that are no UTF-8 do.
/// </summary>
internal static class LoneSurrogates
{
    private const int EscapeLength = 6;
    private const string Replacement = "\\ufffd";

    /// <summary>The same JSON with each lone surrogate's escape replaced.</summary>
    public static string Replace(string json)
    {
        var result = new StringBuilder(json.Length);
        for (var at = 0; at < json.Length;)
        {
            var length = LengthAt(json, at, out var isLone);
            result.Append(isLone ? Replacement : json.AsSpan(at, length));
            at += length;
        }

        return result.ToString();
    }

    // The unit at a place: a pair's two escapes, a lone surrogate's escape, any other escape's first two characters, or one character.
    private static int LengthAt(string json, int at, out bool isLone)
    {
        isLone = false;
        if (json[at] != '\\' || at + 1 == json.Length)
            return 1;
        if (CodeUnit(json, at) is not { } unit || !char.IsSurrogate(unit))
            return 2;
        if (char.IsHighSurrogate(unit) && CodeUnit(json, at + EscapeLength) is { } next && char.IsLowSurrogate(next))
            return 2 * EscapeLength;
        isLone = true;
        return EscapeLength;
    }

    private static char? CodeUnit(string json, int at)
    {
        if (at + EscapeLength > json.Length || json[at] != '\\' || json[at + 1] != 'u')
            return null;
        var digits = json.AsSpan(at + 2, EscapeLength - 2);
        return ushort.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var unit) ? (char)unit : null;
    }
}
