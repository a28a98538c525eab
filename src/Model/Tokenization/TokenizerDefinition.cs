namespace AkkaCp.Model.Tokenization;

/// <summary>What a tokenizer.json says, checked for form only: whether the parts fit together, the vocabulary decides.</summary>
/// <param name="File">Path of the file, for messages.</param>
/// <param name="Vocab">Token in the byte alphabet → id.</param>
/// <param name="Merges">Pairs in the byte alphabet, in order of rank.</param>
/// <param name="AddedTokens">Tokens that are matched in the text.</param>
/// <param name="NormalizesToNfc">Whether text is brought to NFC first.</param>
internal sealed record TokenizerDefinition(
    string File,
    Dictionary<string, int> Vocab,
    IReadOnlyList<(string Left, string Right)> Merges,
    IReadOnlyList<AddedToken> AddedTokens,
    bool NormalizesToNfc);
