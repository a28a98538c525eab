using System.Text.Json;
using AkkaCp.Model.Files;

namespace AkkaCp.Model.Tokenization;

/// <summary>
/// Reads tokenizer.json, the format of HF tokenizers, as far as Qwen2's byte-level BPE uses it. Whatever would make another
/// tokenizer of it (other model, normaliser, pattern, decoder, dropout, affixes) is refused, never ignored.
/// </summary>
internal static class TokenizerFile
{
    /// <summary>Reads tokenizer.json, and from tokenizer_config.json the added tokens that only it has.</summary>
    /// <exception cref="ModelFormatException">
    /// A file is missing, malformed or too large, or asks for what is not supported.
    /// </exception>
    public static TokenizerDefinition Read(string modelDirectory)
    {
        var path = Path.Combine(modelDirectory, "tokenizer.json");
        using var document = ModelJson.Read(path);
        var root = new LocatedJson(path, "", document.RootElement);
        RefuseOtherTokenizers(root);
        var added = ReadAddedTokens(root["added_tokens"]);
        AddTokensOfConfig(Path.Combine(modelDirectory, "tokenizer_config.json"), added);
        return new TokenizerDefinition(
            path,
            ReadVocab(root["model"]["vocab"]),
            [.. root["model"]["merges"].Items().Select(ReadMerge)],
            added,
            ReadNormalizer(root["normalizer"]));
    }

    private static void RefuseOtherTokenizers(LocatedJson root)
    {
        var model = root["model"];
        RequireText(model["type"], "BPE");
        model["byte_fallback"].RequireOff();
        model["ignore_merges"].RequireOff();
        RequireEmpty(model["continuing_subword_prefix"]);
        RequireEmpty(model["end_of_word_suffix"]);
        if (!model["dropout"].IsAbsent && model["dropout"].Value.GetRawText() is not ("0" or "0.0"))
            throw model["dropout"].Wrong("null");

        CheckPreTokenizer(root["pre_tokenizer"]);
        RequireByteLevel(root["decoder"]);
        if (!root["post_processor"].IsAbsent)
            RequireByteLevel(root["post_processor"]);
    }

    private static void CheckPreTokenizer(LocatedJson preTokenizer)
    {
        RequireText(preTokenizer["type"], "Sequence");
        var steps = preTokenizer["pretokenizers"].Items().ToList();
        if (steps.Count != 2)
            throw preTokenizer["pretokenizers"].Wrong("two steps, Split and ByteLevel");

        RequireText(steps[0]["type"], "Split");
        RequireText(steps[0]["pattern"]["Regex"], QwenPreTokenizer.Pattern);
        RequireText(steps[0]["behavior"], "Isolated");
        steps[0]["invert"].RequireOff();
        RequireByteLevel(steps[1]);
        steps[1]["add_prefix_space"].RequireOff();
        if (steps[1]["use_regex"].Value.ValueKind != JsonValueKind.False)
            throw steps[1]["use_regex"].Wrong("false, the only value supported");
    }

    private static void RequireByteLevel(LocatedJson part) => RequireText(part["type"], "ByteLevel");

    private static void RequireText(LocatedJson value, string expected)
    {
        if (value.Text() != expected)
            throw value.Wrong($"\"{expected}\", the only value supported");
    }

    private static void RequireEmpty(LocatedJson value)
    {
        if (!value.IsAbsent && value.Text().Length > 0)
            throw value.Wrong("no text");
    }

    private static bool ReadNormalizer(LocatedJson normalizer)
    {
        if (normalizer.IsAbsent)
            return false;
        RequireText(normalizer["type"], "NFC");
        return true;
    }

    private static Dictionary<string, int> ReadVocab(LocatedJson vocab)
    {
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (token, id) in vocab.Properties())
            ids.Add(token, id.Integer());
        return ids;
    }

    /// <summary>"a b" in older files, ["a", "b"] in newer ones.</summary>
    private static (string Left, string Right) ReadMerge(LocatedJson merge)
    {
        var parts = merge.Value.ValueKind == JsonValueKind.String
            ? merge.Text().Split(' ')
            : [.. merge.Items().Select(part => part.Text())];
        return parts.Length == 2 ? (parts[0], parts[1]) : throw merge.Wrong("a pair of tokens");
    }

    private static List<AddedToken> ReadAddedTokens(LocatedJson tokens) =>
        tokens.IsAbsent ? [] : [.. tokens.Items().Select(token => ReadAddedToken(token, token["id"].Integer()))];

    private static AddedToken ReadAddedToken(LocatedJson token, int id)
    {
        token["single_word"].RequireOff();
        token["lstrip"].RequireOff();
        token["rstrip"].RequireOff();
        var content = token["content"].Text();
        if (content.Length == 0)
            throw token["content"].Wrong("a text to match");
        return new AddedToken(id, content, token["special"].Flag(), token["normalized"].Flag());
    }

    /// <summary>
    /// transformers adds tokens of tokenizer_config.json that tokenizer.json lacks; where both have an id, tokenizer.json stands.
    /// </summary>
    private static void AddTokensOfConfig(string path, List<AddedToken> added)
    {
        if (!ModelFile.Exists(path))
            return;

        using var document = ModelJson.Read(path);
        var tokens = new LocatedJson(path, "", document.RootElement)["added_tokens_decoder"];
        if (tokens.IsAbsent)
            return;

        var known = added.Select(token => token.Id).ToHashSet();
        foreach (var (key, token) in tokens.Properties())
        {
            if (!int.TryParse(key, out var id))
                throw token.Wrong("a token id as the key");
            if (!known.Contains(id))
                added.Add(ReadAddedToken(token, id));
        }
    }
}
