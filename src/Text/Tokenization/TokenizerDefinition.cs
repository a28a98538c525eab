namespace AkkaCp.Text.Tokenization;

/// <summary>What a tokenizer.json says, checked for form only: whether the parts fit together, the vocabulary decides.</summary>
internal sealed record TokenizerDefinition
{
    /// <summary>Path of the file, for messages.</summary>
    public required string File { get; init; }

    /// <summary>Token in the byte alphabet → id.</summary>
    public required Dictionary<string, int> Vocab { get; init; }

    /// <summary>Pairs in the byte alphabet, in order of rank.</summary>
    public required IReadOnlyList<(string Left, string Right)> Merges { get; init; }

    /// <summary>Tokens that are matched in the text.</summary>
    public required IReadOnlyList<AddedToken> AddedTokens { get; init; }

    /// <summary>Whether text is brought to NFC first.</summary>
    public required bool NormalizesToNfc { get; init; }

    /// <summary>Whether a piece that is a token itself is that token, whatever the merges would make of it.</summary>
    public required bool IgnoresMerges { get; init; }

    /// <summary>Ids around the ids of a text.</summary>
    public required (IReadOnlyList<int> Before, IReadOnlyList<int> Behind) Frame { get; init; }

    /// <summary>What tokenizer_config.json adds.</summary>
    public required TokenizerConfigFile Config { get; init; }
}
