using System.Text.Json;
using AkkaCp.Text.Files;

namespace AkkaCp.Text.Tokenization;

/// <summary>
/// Reads tokenizer.json, the format of HF tokenizers, as far as Qwen2's byte-level BPE uses it. Whatever would make another
/// tokenizer of it (other model, normaliser, pattern, decoder, dropout, affixes) is refused, never ignored.
/// </summary>
internal static class TokenizerFile
{
    private const string FileName = "tokenizer.json";

    /// <summary>Reads tokenizer.json, and from tokenizer_config.json the added tokens that only it has.</summary>
    /// <exception cref="ModelFormatException">
    /// A file is missing, malformed or too large, or asks for what is not supported.
    /// </exception>
    public static TokenizerDefinition Read(ModelFolder folder)
    {
        var path = folder.PathOf(FileName);
        using var document = folder.ReadJson(FileName);
        var root = new LocatedJson(path, "", document.RootElement);
        var model = root["model"];
        RefuseOtherModels(model);
        TokenizerSteps.CheckPreTokenizer(root["pre_tokenizer"]);
        TokenizerSteps.CheckDecoder(root["decoder"]);
        var config = TokenizerConfigFile.Read(folder);
        var vocab = ReadVocab(model["vocab"]);
        return new TokenizerDefinition
        {
            File = path,
            Vocab = vocab,
            Merges = [.. model["merges"].Items().Select(ReadMerge)],
            AddedTokens = WithTokensOfConfig(ReadAddedTokens(root["added_tokens"]), config, vocab),
            NormalizesToNfc = TokenizerSteps.ReadNormalizer(root["normalizer"]),
            IgnoresMerges = model["ignore_merges"].Flag(),
            Frame = TokenizerSteps.ReadPostProcessor(root["post_processor"]),
            Config = config,
        };
    }

    private static void RefuseOtherModels(LocatedJson model)
    {
        // The oldest files name no type.
        if (!model["type"].IsAbsent)
            TokenizerSteps.RequireText(model["type"], "BPE");

        // Every byte has a token, so nothing falls back to it, and no text is unknown.
        model["byte_fallback"].Flag();
        RequireEmpty(model["continuing_subword_prefix"]);
        RequireEmpty(model["end_of_word_suffix"]);
        if (!model["dropout"].IsAbsent && model["dropout"].Value.GetRawText() is not ("0" or "0.0"))
            throw model["dropout"].Wrong("null");
    }

    private static void RequireEmpty(LocatedJson value)
    {
        if (!value.IsAbsent && value.Text().Length > 0)
            throw value.Wrong("no text");
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
        tokens.IsAbsent ? [] : [.. tokens.Items().Select(token => AddedToken.Read(token, token["id"].Integer()))];

    /// <summary>
    /// transformers adds tokens of tokenizer_config.json that tokenizer.json lacks; where both have an id, tokenizer.json stands. A
    /// special token that the file only names is matched in the text, too, if the vocabulary has it.
    /// </summary>
    private static List<AddedToken> WithTokensOfConfig(
        List<AddedToken> own, TokenizerConfigFile config, Dictionary<string, int> vocab)
    {
        var known = own.Select(token => token.Id).ToHashSet();
        own.AddRange(config.AddedTokens.Where(token => known.Add(token.Id)));
        var contents = own.Select(token => token.Content).ToHashSet(StringComparer.Ordinal);
        own.AddRange(
            from text in config.SpecialTokens
            where !contents.Contains(text) && vocab.ContainsKey(text)
            select new AddedToken(vocab[text], text, Special: true, Normalized: false));
        return own;
    }
}
