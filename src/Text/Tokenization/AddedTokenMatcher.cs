namespace AkkaCp.Text.Tokenization;

/// <summary>
/// Cuts added tokens out of a text. Those that are matched in raw text come first; what lies between them is normalised, and
/// the others are matched there, in their own normalised form.
/// </summary>
internal sealed class AddedTokenMatcher
{
    private readonly AddedTokenFinder _raw;
    private readonly AddedTokenFinder _normalized;
    private readonly Func<string, string> _normalize;

    /// <param name="tokens">The tokens to match.</param>
    /// <param name="normalize">Normal form of a text.</param>
    public AddedTokenMatcher(IEnumerable<AddedToken> tokens, Func<string, string> normalize)
    {
        var byForm = tokens.ToLookup(token => token.Normalized);
        _raw = new AddedTokenFinder(byForm[false]);
        _normalized = new AddedTokenFinder(byForm[true].Select(token => token with { Content = normalize(token.Content) }));
        _normalize = normalize;
    }

    /// <summary>The text in order: tokens, and between them normalised text that is not empty.</summary>
    /// <param name="text">Well-formed UTF-16.</param>
    public IEnumerable<Segment> Split(string text) =>
        Cut(text, _raw).SelectMany(part => part.Token is null ? Cut(_normalize(part.Text), _normalized) : [part]);

    /// <summary>The first token in a text that is in normal form, or null.</summary>
    /// <param name="text">Well-formed UTF-16.</param>
    /// <param name="start">Where the token begins; the text's length without one.</param>
    public AddedToken? FindFirst(ReadOnlySpan<char> text, out int start)
    {
        var raw = _raw.FindFirst(text, out start);
        var normalized = _normalized.FindFirst(text[..start], out var earlier);
        if (normalized is null)
            return raw;
        start = earlier;
        return normalized;
    }

    private static IEnumerable<Segment> Cut(string text, AddedTokenFinder finder)
    {
        for (var position = 0; position < text.Length;)
        {
            var token = finder.FindFirst(text.AsSpan(position), out var start);
            if (start > 0)
                yield return new Segment(position == 0 && token is null ? text : text.Substring(position, start), null);
            if (token is not null)
                yield return new Segment("", token);
            position += start + (token?.Content.Length ?? 0);
        }
    }

    /// <summary>A token, or text that has none.</summary>
    /// <param name="Text">The text, empty for a token.</param>
    /// <param name="Token">The token, null for text.</param>
    internal readonly record struct Segment(string Text, AddedToken? Token);
}
