using System.Text;

namespace AkkaCp.Text.Tokenization;

/// <summary>
/// Unicode normalisation form C (UAX #15) without ICU: decompose, order the marks, compose. Text that is normalised
/// already, nearly all text, is recognised in one pass and returned as it is.
/// </summary>
internal static class NfcNormalizer
{
    /// <summary>Below this every character is a starter that neither changes nor composes with the one before.</summary>
    private const char FirstInteresting = '\u0300';

    /// <summary>NFC of <paramref name="text"/>; the same instance when nothing changes.</summary>
    /// <param name="text">Well-formed UTF-16; a lone surrogate would come back as U+FFFD.</param>
    public static string Normalize(string text)
    {
        if (IsSurelyNormalized(text))
            return text;

        var points = Decompose(text);
        OrderMarks(points);
        Compose(points);
        return ToText(points);
    }

    /// <summary>The quick check of UAX #15: true is certain, false means that the long way decides.</summary>
    private static bool IsSurelyNormalized(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange(FirstInteresting, char.MaxValue))
            return true;

        var table = NfcTable.Shared;
        var previousClass = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value < FirstInteresting)
            {
                previousClass = 0;
                continue;
            }

            var combiningClass = table.CombiningClass(rune.Value);
            if (table.IsUnstable(rune.Value) || (combiningClass != 0 && combiningClass < previousClass))
                return false;
            previousClass = combiningClass;
        }

        return true;
    }

    private static List<int> Decompose(string text)
    {
        var points = new List<int>(text.Length + 16);
        foreach (var rune in text.EnumerateRunes())
            AddDecomposed(rune.Value, points);
        return points;
    }

    // The table holds single steps; the deepest chain in Unicode has four, so recursion is shallow.
    private static void AddDecomposed(int codePoint, List<int> points)
    {
        if (Hangul.TryDecompose(codePoint, out var parts) || NfcTable.Shared.TryDecompose(codePoint, out parts))
        {
            AddDecomposed(parts.First, points);
            if (parts.Second >= 0)
                AddDecomposed(parts.Second, points);
        }
        else
        {
            points.Add(codePoint);
        }
    }

    /// <summary>
    /// Sorts each run of marks by combining class, equal ones staying in order; n log n even for one endless run.
    /// </summary>
    private static void OrderMarks(List<int> points)
    {
        var table = NfcTable.Shared;
        for (var start = 0; start < points.Count; start++)
        {
            var end = start;
            while (end < points.Count && table.CombiningClass(points[end]) != 0)
                end++;
            if (end - start > 1)
                SortRun(points, start, end);
            start = end;
        }
    }

    private static void SortRun(List<int> points, int start, int end)
    {
        var run = points.GetRange(start, end - start);
        var ordered = run.OrderBy(NfcTable.Shared.CombiningClass);
        var i = start;
        foreach (var point in ordered)
            points[i++] = point;
    }

    /// <summary>Merges each starter with the marks and jamo after it that nothing blocks; the list shrinks.</summary>
    private static void Compose(List<int> points)
    {
        const int None = -1;
        var starter = None;
        var classBetween = None;
        var length = 0;
        for (var i = 0; i < points.Count; i++)
        {
            var point = points[i];
            var combiningClass = NfcTable.Shared.CombiningClass(point);
            var blocked = classBetween != None && classBetween >= combiningClass;
            if (starter != None && !blocked && TryCompose(points[starter], point, out var composite))
            {
                points[starter] = composite;
                continue;
            }

            if (combiningClass == 0)
                starter = length;
            classBetween = combiningClass == 0 ? None : combiningClass;
            points[length++] = point;
        }

        points.RemoveRange(length, points.Count - length);
    }

    private static bool TryCompose(int first, int second, out int composite) =>
        Hangul.TryCompose(first, second, out composite) || NfcTable.Shared.TryCompose(first, second, out composite);

    private static string ToText(List<int> points)
    {
        var text = new StringBuilder(points.Count);
        Span<char> units = stackalloc char[2];
        foreach (var point in points)
            text.Append(units[..new Rune(point).EncodeToUtf16(units)]);
        return text.ToString();
    }
}
