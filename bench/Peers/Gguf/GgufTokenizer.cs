using System.Text.Json;

namespace AkkaCp.Bench.Peers.Gguf;

/// <summary>A byte-level BPE tokenizer.json as GGUF's keys, so that llama-server, which reads and writes text, takes the file.</summary>
internal static class GgufTokenizer
{
    private const int Normal = 1;
    private const int Control = 3;
    private const int Unused = 5;

    /// <summary>The keys; ids that no token has are filled up to the model's vocabulary.</summary>
    /// <param name="directory">Of the model.</param>
    /// <param name="vocabSize">Rows of the embedding.</param>
    /// <param name="end">Id of the token that ends an answer.</param>
    public static IEnumerable<(string Key, object Value)> Keys(string directory, int vocabSize, int end)
    {
        using var file = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(directory, "tokenizer.json")));
        var tokens = Enumerable.Range(0, vocabSize).Select(id => $"[PAD{id}]").ToArray();
        var types = Enumerable.Repeat(Unused, vocabSize).ToArray();
        var model = file.RootElement.GetProperty("model");
        foreach (var token in model.GetProperty("vocab").EnumerateObject())
            (tokens[token.Value.GetInt32()], types[token.Value.GetInt32()]) = (token.Name, Normal);
        foreach (var token in file.RootElement.GetProperty("added_tokens").EnumerateArray())
        {
            var id = token.GetProperty("id").GetInt32();
            (tokens[id], types[id]) = (token.GetProperty("content").GetString()!, Control);
        }

        return
        [
            ("tokenizer.ggml.model", "gpt2"),
            ("tokenizer.ggml.pre", "qwen2"),
            ("tokenizer.ggml.tokens", tokens),
            ("tokenizer.ggml.token_type", types),
            ("tokenizer.ggml.merges", model.GetProperty("merges").EnumerateArray().Select(Merge).ToArray()),
            ("tokenizer.ggml.eos_token_id", (uint)end),
            ("tokenizer.ggml.padding_token_id", (uint)end),
        ];
    }

    private static string Merge(JsonElement merge) => merge.ValueKind == JsonValueKind.String
        ? merge.GetString()!
        : string.Join(' ', merge.EnumerateArray().Select(part => part.GetString()));
}
