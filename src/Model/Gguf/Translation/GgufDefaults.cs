
namespace AkkaCp.Model.Gguf.Translation;

/// <summary>Makes generation_config.json and tokenizer_config.json of the metadata of a GGUF file.</summary>
internal static class GgufDefaults
{
    private const string End = "tokenizer.ggml.eos_token_id";
    private const string EndOfTurn = "tokenizer.ggml.eot_token_id";
    private const string Begin = "tokenizer.ggml.bos_token_id";
    private const string Padding = "tokenizer.ggml.padding_token_id";
    private const string Sampling = "general.sampling.";

    // A file names one token that ends, Qwen's models two.
    private static readonly string[] s_usualEnds = ["<|im_end|>", "<|endoftext|>"];

    private static readonly (string Own, string Theirs)[] s_sampling =
        [("temp", "temperature"), ("top_k", "top_k"), ("top_p", "top_p"), ("min_p", "min_p"), ("penalty_repeat", "repetition_penalty")];

    /// <summary>What ends an answer, and how tokens are chosen where the file says so.</summary>
    public static byte[] GenerationJson(GgufMetadata metadata, GgufTokenizer tokenizer) => JsonFile.Write(json =>
    {
        json.WriteStartArray("eos_token_id");
        foreach (var id in ((int?[])[tokenizer.IdAt(End), tokenizer.IdAt(EndOfTurn), .. s_usualEnds.Select(tokenizer.AddedId)])
            .OfType<int>().Distinct())
        {
            json.WriteNumberValue(id);
        }

        json.WriteEndArray();
        var given = s_sampling.Select(one => (one.Theirs, Value: metadata.Number(Sampling + one.Own)))
            .Where(one => one.Value is not null).ToList();
        json.WriteBoolean("do_sample", given.Count > 0 && !given.Contains(("temperature", 0)));
        foreach (var (name, value) in given)
            json.WriteNumber(name, value!.Value);
    });

    /// <summary>Texts of the tokens that chat templates and readers of text ask for.</summary>
    public static byte[] TokenizerConfigJson(GgufTokenizer tokenizer) => JsonFile.Write(json =>
    {
        foreach (var (name, key) in ((string, string)[])[("eos_token", End), ("bos_token", Begin), ("pad_token", Padding)])
        {
            if (tokenizer.TokenAt(key) is { } text)
                json.WriteString(name, text);
        }
    });
}
