using System.Buffers;

namespace AkkaCp.Text.Tokenization;

/// <summary>Finds added tokens in a text: the leftmost first, of those that begin there the longest.</summary>
internal sealed class AddedTokenFinder
{
    private readonly SearchValues<string> _contents;
    private readonly Dictionary<string, AddedToken>.AlternateLookup<ReadOnlySpan<char>> _byContent;
    private readonly int[] _lengthsDescending;

    /// <param name="tokens">Tokens with the content as it is to be matched; of equal contents the first stands.</param>
    public AddedTokenFinder(IEnumerable<AddedToken> tokens)
    {
        var byContent = tokens.DistinctBy(token => token.Content).ToDictionary(token => token.Content, StringComparer.Ordinal);
        _contents = SearchValues.Create([.. byContent.Keys], StringComparison.Ordinal);
        _byContent = byContent.GetAlternateLookup<ReadOnlySpan<char>>();
        _lengthsDescending = [.. byContent.Keys.Select(content => content.Length).Distinct().OrderDescending()];
    }

    /// <summary>The first token in a text, or null.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="start">Where the token begins; the text's length without one.</param>
    public AddedToken? FindFirst(ReadOnlySpan<char> text, out int start)
    {
        start = text.IndexOfAny(_contents);
        if (start < 0)
        {
            start = text.Length;
            return null;
        }

        var rest = text[start..];
        foreach (var length in _lengthsDescending)
        {
            if (length <= rest.Length && _byContent.TryGetValue(rest[..length], out var token))
                return token;
        }

        throw new InvalidOperationException("A match was reported where no token begins.");
    }
}
