using System.Diagnostics.CodeAnalysis;
using System.Text;
using AkkaCp.Text.Files;

namespace AkkaCp.Text.Tokenization;

/// <summary>
/// All tokens of a tokenizer by id and by content, no id twice. Ids without a token may lie between them: a model has rows for them, and
/// they have no text.
/// </summary>
internal sealed class Vocabulary
{
    /// <summary>Four times the largest vocabulary in use.</summary>
    public const int MaxSize = 1 << 20;

    // Bytes; far above the longest token in use.
    private const int LongestWhole = 1024;

    private readonly Dictionary<string, int> _ids;
    private readonly byte[]?[] _bytes;
    private readonly bool[] _special;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>>? _whole;

    private Vocabulary(Dictionary<string, int> ids, byte[]?[] bytes, bool[] special, MergeTable merges, Dictionary<string, int>? whole)
    {
        _ids = ids;
        _bytes = bytes;
        _special = special;
        _whole = whole?.GetAlternateLookup<ReadOnlySpan<char>>();
        Merges = merges;
    }

    /// <summary>Number of tokens, which is the highest id + 1.</summary>
    public int Size => _bytes.Length;

    /// <summary>The highest id that merges make: that of the vocabulary without added tokens.</summary>
    public int HighestMergedId { get; private init; }

    /// <summary>What merges into what.</summary>
    public MergeTable Merges { get; }

    /// <summary>Checks that the parts of a definition fit together and lays them out by id.</summary>
    /// <exception cref="ModelFormatException">
    /// An id is taken twice, a frame has an id beyond the highest, a merge names an unknown token or comes twice, a byte has no token.
    /// </exception>
    public static Vocabulary Create(TokenizerDefinition definition)
    {
        var check = new Mistakes(definition.File);
        var size = definition.Vocab.Values.Concat(definition.AddedTokens.Select(token => token.Id)).DefaultIfEmpty(-1).Max() + 1;
        if (size is <= 0 or > MaxSize)
            check.Refuse("model.vocab", $"ids below {MaxSize}", $"highest id {size - 1}");

        var contents = new string?[size];
        var bytes = new byte[]?[size];
        foreach (var (token, id) in definition.Vocab)
        {
            check.Claim(contents, id, token, $"model.vocab.{token}");
            bytes[id] = ByteAlphabet.BytesOf(token);
        }

        var ids = new Dictionary<string, int>(definition.Vocab, StringComparer.Ordinal);
        var special = new bool[size];
        AddAddedTokens(definition.AddedTokens, contents, bytes, ids, special, check);
        foreach (var id in definition.Frame.Before.Concat(definition.Frame.Behind))
        {
            if (id < 0 || id >= size)
                check.Refuse("post_processor", $"ids below {size}", $"{id}");
        }

        return new Vocabulary(
            ids, bytes, special, CreateMerges(definition, check), definition.IgnoresMerges ? definition.Vocab : null)
        {
            HighestMergedId = HighestMerged(definition),
        };
    }

    /// <summary>The bytes that a token stands for; none for an id that has no token.</summary>
    public ReadOnlySpan<byte> Bytes(int id) => id < _bytes.Length ? _bytes[id] : [];

    /// <summary>The token that a whole piece of text is where the merges are ignored for such; false where they are not.</summary>
    public bool TryGetWhole(ReadOnlySpan<byte> piece, out int id)
    {
        id = 0;
        if (_whole is not { } tokens || piece.Length > LongestWhole)
            return false;
        Span<char> symbols = stackalloc char[LongestWhole];
        for (var i = 0; i < piece.Length; i++)
            symbols[i] = ByteAlphabet.Symbol(piece[i]);
        return tokens.TryGetValue(symbols[..piece.Length], out id);
    }

    /// <summary>Whether a token is a control token.</summary>
    public bool IsSpecial(int id) => (uint)id < (uint)_special.Length && _special[id];

    /// <summary>The id of an added token's content, or of a token in the byte alphabet.</summary>
    public bool TryGetId(string content, out int id) => _ids.TryGetValue(content, out id);

    /// <summary>Older files list added tokens in the vocabulary, too.</summary>
    private static int HighestMerged(TokenizerDefinition definition)
    {
        var added = definition.AddedTokens.Select(token => token.Id).ToHashSet();
        return definition.Vocab.Values.Where(id => !added.Contains(id)).DefaultIfEmpty(-1).Max();
    }

    private static void AddAddedTokens(
        IReadOnlyList<AddedToken> tokens,
        string?[] contents,
        byte[]?[] bytes,
        Dictionary<string, int> ids,
        bool[] special,
        Mistakes check)
    {
        foreach (var token in tokens)
        {
            var where = $"added_tokens \"{token.Content}\"";
            check.Claim(contents, token.Id, token.Content, where);
            if (!ids.TryAdd(token.Content, token.Id) && ids[token.Content] != token.Id)
                check.Refuse(where, $"the id {ids[token.Content]} that this content has already", $"{token.Id}");
            bytes[token.Id] = Encoding.UTF8.GetBytes(token.Content);
            special[token.Id] = token.Special;
        }
    }

    private static MergeTable CreateMerges(TokenizerDefinition definition, Mistakes check)
    {
        var vocab = definition.Vocab;
        var byteTokens = Enumerable.Range(0, 256)
            .Select(value => check.Find(vocab, ByteAlphabet.Symbol((byte)value).ToString(), "model.vocab"))
            .ToArray();
        var merges = new Dictionary<(int Left, int Right), Merge>(definition.Merges.Count);
        for (var rank = 0; rank < definition.Merges.Count; rank++)
        {
            var (left, right) = definition.Merges[rank];
            var where = $"model.merges[{rank}]";
            var pair = (check.Find(vocab, left, where), check.Find(vocab, right, where));
            if (!merges.TryAdd(pair, new Merge(rank, check.Find(vocab, left + right, where))))
                check.Refuse(where, "each pair once", $"\"{left} {right}\" again");
        }

        return new MergeTable(byteTokens, merges);
    }

    /// <summary>The refusals of one file.</summary>
    private readonly record struct Mistakes(string File)
    {
        [DoesNotReturn]
        public void Refuse(string where, string expected, string found) =>
            throw new ModelFormatException(File, where, expected, found);

        /// <summary>Takes an id for a content; the same claim may be made twice.</summary>
        public void Claim(string?[] contents, int id, string content, string where)
        {
            if (id < 0)
                Refuse(where, "an id of 0 or more", $"{id}");
            if (contents[id] is { } other && other != content)
                Refuse(where, "an id of its own", $"{id}, which is \"{other}\"");
            contents[id] = content;
        }

        public int Find(Dictionary<string, int> vocab, string token, string where)
        {
            if (!vocab.TryGetValue(token, out var id))
                Refuse(where, $"the token \"{token}\" in model.vocab", "none");
            return id;
        }
    }
}
