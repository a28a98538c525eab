using System.Text.Json;

namespace AkkaCp.Pipeline.Tests.Variants;

/// <summary>
/// A config.json as Hugging Face's Qwen3MoeConfig reads it, defaults included: read apart from the engine's own parser, so that the
/// two are held against each other.
/// </summary>
internal sealed class ReferenceConfig
{
    private readonly JsonElement _json;

    public ReferenceConfig(string directory)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(directory, "config.json")));
        _json = document.RootElement.Clone();
    }

    public int HiddenSize => Int("hidden_size");

    public int Layers => Int("num_hidden_layers");

    public int Heads => Int("num_attention_heads");

    public int KvHeads => Int("num_key_value_heads");

    public int HeadDim => Int("head_dim", HiddenSize / Heads);

    public int VocabSize => Int("vocab_size");

    public int MaxPositions => Int("max_position_embeddings");

    public int Experts => Int("num_experts", 0);

    public int ExpertsPerToken => Int("num_experts_per_tok", 8);

    public bool NormTopkProb => Bool("norm_topk_prob");

    public bool AttentionBias => Bool("attention_bias");

    public bool TieWordEmbeddings => Bool("tie_word_embeddings");

    public double RmsNormEps => Number(_json, "rms_norm_eps", 1e-6);

    public double RopeTheta => Number(RopeParameters ?? _json, "rope_theta", 10_000);

    /// <summary>rope_scaling, or what newer files call rope_parameters; null when there is neither.</summary>
    public JsonElement? RopeParameters => Find("rope_parameters") ?? Find("rope_scaling");

    /// <summary>HF Qwen3MoeDecoderLayer: not in mlp_only_layers, experts exist, and (layer + 1) % decoder_sparse_step = 0.</summary>
    public bool IsSparse(int layer)
    {
        var mlpOnly = Find("mlp_only_layers")?.EnumerateArray().Any(l => l.GetInt32() == layer) ?? false;
        return !mlpOnly && Experts > 0 && (layer + 1) % Int("decoder_sparse_step", 1) == 0;
    }

    public static double Number(JsonElement json, string key, double absent) =>
        json.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : absent;

    private int Int(string key, int? absent = null) =>
        Find(key)?.GetInt32() ?? absent ?? throw new KeyNotFoundException($"config.json: {key} is missing");

    private bool Bool(string key) => Find(key)?.GetBoolean() ?? false;

    private JsonElement? Find(string key) =>
        _json.TryGetProperty(key, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
}
