using System.Text.Json;
using AkkaCp.Text.Files;
using AkkaCp.Text.Tokenization;

namespace AkkaCp.Model.Gguf.Translation;

/// <summary>
/// Makes tokenizer.json of the metadata of a GGUF file: Qwen2's byte-level BPE with the ids of Hugging Face's tokenizers, which bring text
/// to NFC first.
/// </summary>
internal sealed class GgufTokenizer
{
    private const string Tokens = "tokenizer.ggml.tokens";
    private const string Types = "tokenizer.ggml.token_type";
    private const string Merges = "tokenizer.ggml.merges";

    // A merge makes a token, and several pairs may make the same one.
    private const int MostMerges = 4 * Vocabulary.MaxSize;

    // Numbers of token types in files.
    private const int Normal = 1;
    private const int Control = 3;
    private const int UserDefined = 4;
    private const int MostTypes = 6;

    // Whoever writes such files takes all texts of this form for control tokens; in Qwen's own tokenizer these are plain added ones.
    private static readonly HashSet<string> s_plain = new(StringComparer.Ordinal)
    {
        "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>", "<|repo_name|>", "<|file_sep|>",
    };

    private readonly GgufMetadata _metadata;
    private readonly IReadOnlyList<string> _tokens;
    private readonly IReadOnlyList<long> _types;

    /// <exception cref="ModelFormatException">
    /// Another kind of tokenizer, a key that is missing or of another type, or tokens that the embedding does not have.
    /// </exception>
    public GgufTokenizer(GgufMetadata metadata, long rows)
    {
        _metadata = metadata;
        Require("tokenizer.ggml.model", "gpt2");
        Require("tokenizer.ggml.pre", "qwen2");
        foreach (var key in (string[])["tokenizer.ggml.add_bos_token", "tokenizer.ggml.add_eos_token", "tokenizer.ggml.add_space_prefix"])
        {
            if (metadata.Flag(key) == true)
                throw metadata.Wrong(key, "false, as Qwen's tokenizers have it", "true");
        }

        var tokens = metadata.Texts(Tokens, out var count);
        if (count != rows)
            throw metadata.Wrong(Tokens, $"{rows}, the rows of token_embd.weight", $"{count}");
        if (count > Vocabulary.MaxSize)
            throw metadata.Wrong(Tokens, $"at most {Vocabulary.MaxSize}", $"{count}");
        _tokens = [.. tokens];
        _types = metadata.Integers(Types) ?? throw metadata.Wrong(Types, "an array of integers", "nothing");
        if (_types.Count != _tokens.Count)
            throw metadata.Wrong(Types, $"{_tokens.Count}, one for each token", $"{_types.Count}");
        if (_types.FirstOrDefault(type => type is < 1 or > MostTypes) is not 0 and var other)
            throw metadata.Wrong(Types, $"types from 1 to {MostTypes}", $"{other}");
    }

    /// <summary>tokenizer.json.</summary>
    public byte[] Json() => JsonFile.Write(json =>
    {
        json.WriteStartArray("added_tokens");
        for (var id = 0; id < _tokens.Count; id++)
        {
            if (_types[id] is Control or UserDefined)
                WriteAdded(json, id);
        }

        json.WriteEndArray();
        json.WritePropertyName("normalizer");
        json.WriteRawValue("""{"type": "NFC"}""");
        json.WritePropertyName("pre_tokenizer");
        WriteSplitting(json);
        json.WritePropertyName("decoder");
        json.WriteRawValue("""{"type": "ByteLevel"}""");
        WriteModel(json);
    });

    /// <summary>The text of the token that a key names; null where there is no such key.</summary>
    public string? TokenAt(string key) => IdAt(key) is { } id ? _tokens[id] : null;

    /// <summary>The id that a key names; null where there is no such key.</summary>
    public int? IdAt(string key) =>
        _metadata.Integer(key) is not { } id ? null
        : id >= 0 && id < _tokens.Count ? (int)id
        : throw _metadata.Wrong(key, $"an id below {_tokens.Count}", $"{id}");

    /// <summary>The id of an added token; null where there is none of this text.</summary>
    public int? AddedId(string text)
    {
        for (var id = _tokens.Count - 1; id >= 0; id--)
        {
            if (_types[id] is Control or UserDefined && _tokens[id] == text)
                return id;
        }

        return null;
    }

    private void Require(string key, string only)
    {
        if (_metadata.Text(key) is var value && value != only)
            throw _metadata.Wrong(key, $"{only}, the only one that is read", value ?? "nothing");
    }

    private void WriteAdded(Utf8JsonWriter json, int id)
    {
        json.WriteStartObject();
        json.WriteNumber("id", id);
        json.WriteString("content", _tokens[id]);
        json.WriteBoolean("special", _types[id] == Control && !s_plain.Contains(_tokens[id]));
        json.WriteEndObject();
    }

    private static void WriteSplitting(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type", "Sequence");
        json.WriteStartArray("pretokenizers");
        json.WriteStartObject();
        json.WriteString("type", "Split");
        json.WriteStartObject("pattern");
        json.WriteString("Regex", QwenPreTokenizer.Pattern);
        json.WriteEndObject();
        json.WriteString("behavior", "Isolated");
        json.WriteEndObject();
        json.WriteRawValue("""{"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}""");
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private void WriteModel(Utf8JsonWriter json)
    {
        json.WriteStartObject("model");
        json.WriteString("type", "BPE");
        json.WriteStartObject("vocab");
        var known = new HashSet<string>(StringComparer.Ordinal);
        for (var id = 0; id < _tokens.Count; id++)
        {
            if (_types[id] != Normal)
                continue;
            if (!known.Add(_tokens[id]))
                throw _metadata.Wrong(Tokens, "each token once", $"\"{_tokens[id]}\" again, {id}");
            json.WriteNumber(_tokens[id], id);
        }

        json.WriteEndObject();
        json.WriteStartArray("merges");
        WriteMerges(json, known);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private void WriteMerges(Utf8JsonWriter json, HashSet<string> known)
    {
        var rank = 0;
        foreach (var merge in _metadata.Texts(Merges, out var count))
        {
            if (count > MostMerges)
                throw _metadata.Wrong(Merges, $"at most {MostMerges}", $"{count}");

            // A token may begin with what cuts the pair.
            var space = merge.IndexOf(' ', Math.Min(1, merge.Length));
            if (space < 0 || !known.Contains(merge[..space]) || !known.Contains(merge[(space + 1)..]))
                throw _metadata.Wrong(Merges, "two tokens with a space between them", $"\"{merge}\" at {rank}");
            json.WriteStartArray();
            json.WriteStringValue(merge.AsSpan(0, space));
            json.WriteStringValue(merge.AsSpan(space + 1));
            json.WriteEndArray();
            rank++;
        }
    }
}
