namespace AkkaCp.Text.Templates;

/// <summary>
/// Finding a text in a text in linear time whatever the two are. The platform's search compares from each place where the first
/// and last characters fit, which a template can make quadratic; long patterns take Knuth, Morris and Pratt's way instead.
/// </summary>
internal static class TextSearch
{
    /// <summary>Up to here the platform's search costs at most a few vector compares per place.</summary>
    private const int ShortPattern = 64;

    /// <summary>The first place of <paramref name="pattern"/> at or after <paramref name="start"/>, or −1.</summary>
    public static int IndexOf(string text, string pattern, int start = 0)
    {
        if (pattern.Length <= ShortPattern)
            return text.IndexOf(pattern, start, StringComparison.Ordinal);
        return Matches(text, pattern, start).FirstOrDefault(-1);
    }

    /// <summary>The last place, or −1.</summary>
    public static int LastIndexOf(string text, string pattern) => pattern.Length <= ShortPattern
        ? text.LastIndexOf(pattern, StringComparison.Ordinal)
        : Matches(text, pattern, 0).LastOrDefault(-1);

    private static IEnumerable<int> Matches(string text, string pattern, int start)
    {
        if (text.Length - start < pattern.Length)
            yield break;
        var borders = Borders(pattern);
        var matched = 0;
        for (var i = start; i < text.Length; i++)
        {
            while (matched > 0 && text[i] != pattern[matched])
                matched = borders[matched - 1];
            if (text[i] == pattern[matched])
                matched++;
            if (matched < pattern.Length)
                continue;
            yield return i + 1 - matched;
            matched = borders[matched - 1];
        }
    }

    /// <summary>For each prefix of the pattern, the length of its longest proper prefix that is also its suffix.</summary>
    private static int[] Borders(string pattern)
    {
        var borders = new int[pattern.Length];
        for (var i = 1; i < pattern.Length; i++)
        {
            var length = borders[i - 1];
            while (length > 0 && pattern[i] != pattern[length])
                length = borders[length - 1];
            borders[i] = pattern[i] == pattern[length] ? length + 1 : length;
        }

        return borders;
    }
}
