using System.Buffers;

namespace AkkaCp.Model.Tokenization;

/// <summary>Finds added tokens in a text: the leftmost first, of those that begin there the longest.</summary>
internal sealed class AddedTokenFinder
{
    private readonly SearchValues<string> _contents;
    private readonly Dictionary<string, AddedToken>.AlternateLookup<ReadOnlySpan<char>> _byContent;
    private readonly int[] _lengthsDescending;

    /// <param name="tokens">Tokens of distinct content, with the content as it is to be matched.</param>
    public AddedTokenFinder(IReadOnlyCollection<AddedToken> tokens)
    {
        _contents = SearchValues.Create([.. tokens.Select(token => token.Content)], StringComparison.Ordinal);
        _byContent = tokens.ToDictionary(token => token.Content).GetAlternateLookup<ReadOnlySpan<char>>();
        _lengthsDescending = [.. tokens.Select(token => token.Content.Length).Distinct().OrderDescending()];
    }

    /// <summary>Where the first token in <paramref name="text"/> begins, and which; null and the text's length when there is none.</summary>
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
