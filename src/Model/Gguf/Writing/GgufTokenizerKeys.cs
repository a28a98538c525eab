using AkkaCp.Text.Files;
using AkkaCp.Text.Templates;
using AkkaCp.Text.Tokenization;

namespace AkkaCp.Model.Gguf.Writing;

/// <summary>
/// Keys for a model's tokenizer and templates, as llama.cpp's converter writes them: <see cref="Translation.GgufTokenizer"/> the other way.
/// </summary>
internal static class GgufTokenizerKeys
{
    private const string Prefix = "tokenizer.ggml.";
    private const int Normal = 1;
    private const int Control = 3;
    private const int UserDefined = 4;
    private const int Unused = 5;

    // Whoever reads such a file ends answers at them anyway.
    private static readonly string[] s_usualEnds = ["<|im_end|>", "<|endoftext|>"];

    /// <param name="keys">Where they go.</param>
    /// <param name="files">The model's small files.</param>
    /// <param name="vocabSize">Rows of the embedding.</param>
    /// <param name="ends">Tokens that end an answer.</param>
    /// <exception cref="ModelFormatException">The files are malformed, or the tokenizer does what no key can say.</exception>
    public static void Write(GgufKeyBytes keys, ModelFolder files, int vocabSize, IReadOnlyList<int> ends)
    {
        var definition = TokenizerFile.Read(files);
        Require(definition);
        WriteTokens(keys, definition, vocabSize);
        keys.Add(Prefix + "merges", [.. definition.Merges.Select(merge => $"{merge.Left} {merge.Right}")]);
        WriteNamed(keys, files, definition, ends);
        keys.Add(Prefix + "add_bos_token", false);
        WriteTemplates(keys, files);
    }

    private static void Require(TokenizerDefinition definition)
    {
        if (!definition.NormalizesToNfc)
            throw Wrong(definition, "normalizer", "NFC, as whoever reads a GGUF file takes it to be", "none");
        if (definition.IgnoresMerges)
            throw Wrong(definition, "model.ignore_merges", "false, as a GGUF file cannot say otherwise", "true");
        if (definition.Frame.Before.Count + definition.Frame.Behind.Count > 0)
            throw Wrong(definition, "post_processor", "no tokens around a text, as Qwen's tokenizers have none", "some");
    }

    private static void WriteTokens(GgufKeyBytes keys, TokenizerDefinition definition, int vocabSize)
    {
        var tokens = new string[vocabSize];
        var types = new int[vocabSize];
        Array.Fill(types, Unused);
        foreach (var (token, id) in definition.Vocab)
            (tokens[Inside("model.vocab", id)], types[id]) = (token, Normal);
        foreach (var token in definition.AddedTokens)
        {
            var type = token.Special || LooksSpecial(token.Content) ? Control : UserDefined;
            (tokens[Inside("added_tokens", token.Id)], types[token.Id]) = (token.Content, type);
        }

        for (var id = 0; id < vocabSize; id++)
            tokens[id] ??= FormattableString.Invariant($"[PAD{id}]");
        keys.Add(Prefix + "model", "gpt2");
        keys.Add(Prefix + "pre", "qwen2");
        keys.Add(Prefix + "tokens", tokens);
        keys.Add(Prefix + "token_type", types);

        int Inside(string where, int id) => id < vocabSize
            ? id
            : throw Wrong(definition, where, $"ids below the model's vocab_size {vocabSize}", $"{id}");
    }

    // So that whoever does not know the model better does not show them.
    private static bool LooksSpecial(string token) =>
        token.StartsWith("<|", StringComparison.Ordinal) && token.EndsWith("|>", StringComparison.Ordinal);

    /// <summary>The tokens that a role names: by tokenizer_config.json, else by config.json.</summary>
    private static void WriteNamed(GgufKeyBytes keys, ModelFolder files, TokenizerDefinition definition, IReadOnlyList<int> ends)
    {
        var ids = new Dictionary<string, int>(definition.Vocab, StringComparer.Ordinal);
        foreach (var token in definition.AddedTokens)
            ids[token.Content] = token.Id;
        using var config = files.ReadJson("config.json");
        var root = new LocatedJson(files.PathOf("config.json"), "", config.RootElement);
        Add("bos_token_id", IdOf("bos_token") ?? IdIn("bos_token_id"));
        var end = IdOf("eos_token") ?? (ends.Count > 0 ? ends[0] : null);
        Add("eos_token_id", end);
        var usual = s_usualEnds.Select(token => ids.GetValueOrDefault(token, -1)).Append(end ?? -1).ToHashSet();
        var further = ends.Where(id => !usual.Contains(id)).ToList();
        if (further.Count > 1)
            throw new ModelFormatException(files.Path, "eos_token_id", "at most one more than usual", string.Join(", ", further));
        Add("eot_token_id", further.Count > 0 ? further[0] : null);
        Add("padding_token_id", IdOf("pad_token") ?? IdIn("pad_token_id"));

        int? IdOf(string role) =>
            definition.Config.NamedTokens.TryGetValue(role, out var text) && ids.TryGetValue(text, out var id) ? id : null;

        int? IdIn(string key) => root[key].Value.ValueKind == System.Text.Json.JsonValueKind.Number ? root[key].WholeNumber() : null;

        void Add(string key, int? id)
        {
            if (id >= 0)
                keys.Add(Prefix + key, id.Value);
        }
    }

    private static void WriteTemplates(GgufKeyBytes keys, ModelFolder files)
    {
        var templates = ChatTemplateFiles.Find(files);
        var named = templates.Where(one => one.Key != ChatTemplateFiles.Default).OrderBy(one => one.Key, StringComparer.Ordinal).ToList();
        foreach (var (name, template) in named)
            keys.Add($"tokenizer.chat_template.{name}", template.Text);
        if (named.Count > 0)
            keys.Add("tokenizer.chat_templates", [.. named.Select(one => one.Key)]);
        if (templates.TryGetValue(ChatTemplateFiles.Default, out var plain))
            keys.Add("tokenizer.chat_template", plain.Text);
    }

    private static ModelFormatException Wrong(TokenizerDefinition definition, string where, string expected, string found) =>
        new(definition.File, where, expected, found);
}
