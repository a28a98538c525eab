using System.Runtime.InteropServices;
using System.Text;
using System.Text.Unicode;
using AkkaCp.Text.Files;

namespace AkkaCp.Text.Tokenization;

/// <summary>
/// Qwen2's byte-level BPE: added tokens are cut out of the text, the rest is brought to NFC where the file says so, split by
/// Qwen2's pattern, and merged byte by byte. The ids are those of HF tokenizers, the time is linear in the text but for a
/// logarithm of the longest piece, and instances are immutable and thread-safe.
/// </summary>
public sealed class Tokenizer
{
    private readonly string _file;
    private readonly Vocabulary _vocabulary;
    private readonly bool _normalizesToNfc;
    private readonly (IReadOnlyList<int> Before, IReadOnlyList<int> Behind) _frame;
    private readonly AddedTokenMatcher _withSpecial;
    private readonly AddedTokenMatcher _withoutSpecial;

    private Tokenizer(TokenizerDefinition definition)
    {
        _file = definition.File;
        _vocabulary = Vocabulary.Create(definition);
        _normalizesToNfc = definition.NormalizesToNfc;
        _frame = definition.Frame;
        EosToken = definition.Config.EosToken;
        Notes = NotesOn(definition);
        _withSpecial = new AddedTokenMatcher(definition.AddedTokens, Normalize);
        _withoutSpecial = new AddedTokenMatcher(definition.AddedTokens.Where(token => !token.Special), Normalize);
    }

    /// <summary>Number of tokens: the highest id + 1. A model may have more rows than that, as padding.</summary>
    public int VocabSize => _vocabulary.Size;

    /// <summary>Text of the token that ends an answer as tokenizer_config.json names it; null without one.</summary>
    public string? EosToken { get; }

    /// <summary>What the files ask for that the reference does on some ways and that is not done here; one sentence each.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>Reads tokenizer.json, and from tokenizer_config.json the added tokens that only it has.</summary>
    /// <param name="folder">A model directory.</param>
    /// <exception cref="ModelFormatException">
    /// A file is missing or malformed, or describes a tokenizer that is not Qwen2's.
    /// </exception>
    public static Tokenizer Load(ModelFolder folder) => new(TokenizerFile.Read(folder));

    /// <summary>
    /// Checks that every token of the vocabulary has a row in the model's embedding. Added tokens may lie beyond: no answer has them, and
    /// a prompt that has one cannot be computed.
    /// </summary>
    /// <param name="vocabSize">Rows of the embedding: vocab_size of config.json.</param>
    /// <returns>The texts of added tokens that have no row.</returns>
    /// <exception cref="ModelFormatException">There are fewer rows than tokens of the vocabulary.</exception>
    public IReadOnlyList<string> RequireFits(int vocabSize)
    {
        if (_vocabulary.HighestMergedId >= vocabSize)
        {
            throw new ModelFormatException(
                _file, "model.vocab", $"ids below the model's vocab_size {vocabSize}", $"highest id {_vocabulary.HighestMergedId}");
        }

        return [.. Enumerable.Range(vocabSize, Math.Max(0, VocabSize - vocabSize)).Select(id => Decode([id]))
            .Where(text => text.Length > 0)];
    }

    /// <summary>The ids of a text. Lone surrogates count as U+FFFD.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="allowSpecial">
    /// False encodes what looks like a special token (<c>&lt;|im_end|&gt;</c>) as the plain text that it is: for text that a
    /// user wrote. Added tokens that are not special (<c>&lt;think&gt;</c>) are matched all the same.
    /// </param>
    public int[] Encode(string text, bool allowSpecial = true)
    {
        ArgumentNullException.ThrowIfNull(text);
        var merger = new BpeMerger(_vocabulary.Merges);
        return Encode(text, allowSpecial, merger);
    }

    /// <summary>
    /// The ids of a text that is a whole prompt, in the frame that tokenizer.json's post-processor sets around it: a first token in some
    /// models, nothing in most. Text that a chat template made has its frame already.
    /// </summary>
    public int[] EncodePrompt(string text) => [.. _frame.Before, .. Encode(text), .. _frame.Behind];

    /// <summary>As the public one, on a merger whose count of work a test reads.</summary>
    internal int[] Encode(string text, bool allowSpecial, BpeMerger merger)
    {
        var ids = new List<int>(text.Length / 2);
        var utf8 = Array.Empty<byte>();
        foreach (var segment in Matcher(allowSpecial).Split(WellFormed(text)))
        {
            if (segment.Token is { } token)
                ids.Add(token.Id);
            else
                AppendPieces(segment.Text, merger, ids, ref utf8);
        }

        return [.. ids];
    }

    /// <summary>
    /// The pieces inside which bytes merge: the normalised text between added tokens, split by Qwen2's pattern, and each added
    /// token as a piece of its own.
    /// </summary>
    public IReadOnlyList<string> PreTokenize(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var pieces = new List<string>();
        foreach (var segment in _withSpecial.Split(WellFormed(text)))
        {
            if (segment.Token is { } token)
                pieces.Add(token.Content);
            for (var rest = segment.Text.AsSpan(); !rest.IsEmpty;)
            {
                var length = QwenPreTokenizer.PieceLength(rest);
                pieces.Add(rest[..length].ToString());
                rest = rest[length..];
            }
        }

        return pieces;
    }

    /// <summary>
    /// What each token stands for, to be shown: its text, or its bytes as <c>&lt;0xE2&gt;</c> where they are no whole characters.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">An id is negative.</exception>
    public IReadOnlyList<string> Pieces(ReadOnlySpan<int> ids)
    {
        var pieces = new string[ids.Length];
        for (var i = 0; i < ids.Length; i++)
            pieces[i] = Printable(BytesOf(ids[i], skipSpecial: false));
        return pieces;
    }

    /// <summary>The text of tokens; bytes that are no UTF-8 give U+FFFD, one for each maximal part of a character.</summary>
    /// <param name="ids">Token ids; one at or above <see cref="VocabSize"/> has no text.</param>
    /// <param name="skipSpecial">Leaves out special tokens.</param>
    /// <exception cref="ArgumentOutOfRangeException">An id is negative.</exception>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecial = false)
    {
        var bytes = new List<byte>(4 * ids.Length);
        foreach (var id in ids)
            bytes.AddRange(BytesOf(id, skipSpecial));
        return Encoding.UTF8.GetString(CollectionsMarshal.AsSpan(bytes));
    }

    /// <summary>A decoder for one stream of tokens.</summary>
    /// <param name="skipSpecial">Leaves out special tokens.</param>
    public StreamDecoder CreateStreamDecoder(bool skipSpecial = true) => new(this, skipSpecial);

    /// <summary>Whether an id is a special (control) token; false for an id that has no token.</summary>
    public bool IsSpecial(int id) => _vocabulary.IsSpecial(id);

    /// <summary>
    /// The id of an added token's content, or of a vocabulary entry as the file writes it (Ġ for a space); null without one.
    /// </summary>
    public int? TokenId(string content) => _vocabulary.TryGetId(content, out var id) ? id : null;

    /// <summary>The first added token in a text that is in normal form, and where it begins; null without one.</summary>
    internal AddedToken? FindAdded(ReadOnlySpan<char> text, out int start) => _withSpecial.FindFirst(text, out start);

    /// <summary>The bytes of a token, which may be part of a character; none where it is left out, or has no text.</summary>
    /// <param name="id">Token id.</param>
    /// <param name="skipSpecial">Leaves out special tokens.</param>
    /// <exception cref="ArgumentOutOfRangeException">The id is negative.</exception>
    public ReadOnlySpan<byte> BytesOf(int id, bool skipSpecial = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(id);
        return skipSpecial && IsSpecial(id) ? [] : _vocabulary.Bytes(id);
    }

    private AddedTokenMatcher Matcher(bool allowSpecial) => allowSpecial ? _withSpecial : _withoutSpecial;

    private string Normalize(string text) => _normalizesToNfc ? NfcNormalizer.Normalize(text) : text;

    private static List<string> NotesOn(TokenizerDefinition definition)
    {
        var notes = new List<string>();
        var isFramed = definition.Frame.Before.Count + definition.Frame.Behind.Count > 0;
        if (definition.Config.FramesTexts is { } wanted && wanted != isFramed)
        {
            notes.Add(
                $"tokenizer_config.json: add_bos_token and add_eos_token want {(wanted ? "tokens" : "no token")} around a raw prompt; "
                + "the post_processor of tokenizer.json stands, which differs");
        }

        if (definition.Config.CleansSpaces)
            notes.Add("tokenizer_config.json: clean_up_tokenization_spaces is not done, answers keep their spaces");
        return notes;
    }

    private void AppendPieces(string text, BpeMerger merger, List<int> ids, ref byte[] utf8)
    {
        for (var rest = text.AsSpan(); !rest.IsEmpty;)
        {
            var length = QwenPreTokenizer.PieceLength(rest);
            var room = Encoding.UTF8.GetMaxByteCount(length);
            if (utf8.Length < room)
                utf8 = new byte[2 * room];
            var size = Encoding.UTF8.GetBytes(rest[..length], utf8);
            if (_vocabulary.TryGetWhole(utf8.AsSpan(0, size), out var whole))
                ids.Add(whole);
            else
                merger.AppendTokens(utf8.AsSpan(0, size), ids);
            rest = rest[length..];
        }
    }

    private static string Printable(ReadOnlySpan<byte> bytes) =>
        Utf8.IsValid(bytes)
            ? Encoding.UTF8.GetString(bytes)
            : string.Concat(bytes.ToArray().Select(value => $"<0x{value:X2}>"));

    /// <summary>The text with U+FFFD for each lone surrogate.</summary>
    private static string WellFormed(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF'))
            return text;

        var clean = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
            clean.Append(rune.ToString());
        return clean.ToString();
    }
}
