using AkkaCp.Model.Configuration;
using AkkaCp.Model.Weights;

namespace AkkaCp.Bench.Peers.Gguf;

/// <summary>A Qwen3-MoE model of an HF directory as GGUF, architecture qwen3moe.</summary>
internal static class QwenGguf
{
    private const string Architecture = "qwen3moe";

    /// <summary>Writes all weights of the model; norms and router stay F32, as llama.cpp's own converter leaves them.</summary>
    /// <exception cref="NotSupportedException">The model has what the GGUF form written here has no place for.</exception>
    public static void Write(string directory, GgufType type, string path)
    {
        var config = ModelConfig.Load(directory);
        if (config.AttentionBias || config.RopeScaling is not null || !Enumerable.Range(0, config.NumHiddenLayers).All(config.IsMoeLayer))
            throw new NotSupportedException($"{directory}: expected MoE layers without bias and rope scaling, found others");
        using var weights = WeightFiles.Open(directory);
        GgufFile.Write(path, [.. Keys(config, type), .. Tokenizer(directory, config)], Tensors(config, type), weights);
    }

    private static (string Key, object Value)[] Keys(ModelConfig config, GgufType type) =>
    [
        ("general.architecture", Architecture),
        ("general.name", "synth"),
        ("general.file_type", type switch { GgufType.F32 => 0u, GgufType.BF16 => 32u, _ => 7u }),
        ($"{Architecture}.block_count", (uint)config.NumHiddenLayers),
        ($"{Architecture}.context_length", (uint)config.MaxPositionEmbeddings),
        ($"{Architecture}.embedding_length", (uint)config.HiddenSize),
        ($"{Architecture}.feed_forward_length", (uint)config.IntermediateSize),
        ($"{Architecture}.attention.head_count", (uint)config.NumAttentionHeads),
        ($"{Architecture}.attention.head_count_kv", (uint)config.NumKeyValueHeads),
        ($"{Architecture}.attention.key_length", (uint)config.HeadDim),
        ($"{Architecture}.attention.value_length", (uint)config.HeadDim),
        ($"{Architecture}.attention.layer_norm_rms_epsilon", config.RmsNormEps),
        ($"{Architecture}.rope.freq_base", (float)config.RopeTheta),
        ($"{Architecture}.expert_count", (uint)config.NumExperts),
        ($"{Architecture}.expert_used_count", (uint)config.NumExpertsPerTok),
        ($"{Architecture}.expert_feed_forward_length", (uint)config.MoeIntermediateSize),
        ($"{Architecture}.vocab_size", (uint)config.VocabSize),
    ];

    private static IEnumerable<(string Key, object Value)> Tokenizer(string directory, ModelConfig config) =>
        GgufTokenizer.Keys(directory, config.VocabSize, config.EosTokenIds[0]);

    private static List<GgufTensor> Tensors(ModelConfig config, GgufType type)
    {
        long h = config.HiddenSize, q = (long)config.NumAttentionHeads * config.HeadDim,
            kv = (long)config.NumKeyValueHeads * config.HeadDim;
        long f = config.MoeIntermediateSize, e = config.NumExperts;
        var tensors = new List<GgufTensor> { One("token_embd", type, "model.embed_tokens", config.VocabSize, h) };
        for (var layer = 0; layer < config.NumHiddenLayers; layer++)
        {
            var (to, from) = ($"blk.{layer}", $"model.layers.{layer}");
            tensors.Add(One($"{to}.attn_norm", GgufType.F32, $"{from}.input_layernorm", h));
            tensors.Add(One($"{to}.attn_q", type, $"{from}.self_attn.q_proj", q, h));
            tensors.Add(One($"{to}.attn_k", type, $"{from}.self_attn.k_proj", kv, h));
            tensors.Add(One($"{to}.attn_v", type, $"{from}.self_attn.v_proj", kv, h));
            tensors.Add(One($"{to}.attn_output", type, $"{from}.self_attn.o_proj", h, q));
            tensors.Add(One($"{to}.attn_q_norm", GgufType.F32, $"{from}.self_attn.q_norm", config.HeadDim));
            tensors.Add(One($"{to}.attn_k_norm", GgufType.F32, $"{from}.self_attn.k_norm", config.HeadDim));
            tensors.Add(One($"{to}.ffn_norm", GgufType.F32, $"{from}.post_attention_layernorm", h));
            tensors.Add(One($"{to}.ffn_gate_inp", GgufType.F32, $"{from}.mlp.gate", e, h));
            tensors.Add(Stacked($"{to}.ffn_gate_exps", $"{from}.mlp.experts", "gate_proj", e, f, h));
            tensors.Add(Stacked($"{to}.ffn_up_exps", $"{from}.mlp.experts", "up_proj", e, f, h));
            tensors.Add(Stacked($"{to}.ffn_down_exps", $"{from}.mlp.experts", "down_proj", e, h, f));
        }

        tensors.Add(One("output_norm", GgufType.F32, "model.norm", h));
        if (!config.TieWordEmbeddings)
            tensors.Add(One("output", type, "lm_head", config.VocabSize, h));
        return tensors;

        GgufTensor Stacked(string name, string from, string projection, long count, long rows, long columns) => new(
            $"{name}.weight", type, [count, rows, columns],
            [.. Enumerable.Range(0, (int)count).Select(expert => $"{from}.{expert}.{projection}.weight")]);
    }

    private static GgufTensor One(string name, GgufType type, string from, params long[] shape) =>
        new($"{name}.weight", type, shape, [$"{from}.weight"]);
}
