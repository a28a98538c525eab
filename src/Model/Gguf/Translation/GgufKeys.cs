namespace AkkaCp.Model.Gguf.Translation;

/// <summary>Keys of an architecture: those that are translated, and those that would make another model of it.</summary>
internal static class GgufKeys
{
    private static readonly HashSet<string> s_translated = new(StringComparer.Ordinal)
    {
        "block_count", "context_length", "embedding_length", "feed_forward_length", "vocab_size", "attention.head_count",
        "attention.head_count_kv", "attention.key_length", "attention.value_length", "attention.layer_norm_rms_epsilon", "rope.freq_base",
        "rope.dimension_count", "rope.scaling.type", "rope.scaling.factor", "rope.scaling.original_context_length",
        "rope.scaling.yarn_beta_fast", "rope.scaling.yarn_beta_slow", "expert_count", "expert_used_count", "expert_feed_forward_length",

        // Told by the tensors, or of no effect.
        "leading_dense_block_count", "rope.scaling.finetuned", "attention.layer_norm_epsilon", "tensor_data_layout", "attention.causal",
    };

    // Each with the values that mean that it is off.
    private static readonly Dictionary<string, double[]> s_changing = new(StringComparer.Ordinal)
    {
        ["attention.scale"] = [0],
        ["attention.clamp_kqv"] = [0],
        ["attention.max_alibi_bias"] = [0],
        ["attention.sliding_window"] = [0],
        ["attention.key_length_mla"] = [0],
        ["attention.value_length_mla"] = [0],
        ["attention.q_lora_rank"] = [0],
        ["attention.kv_lora_rank"] = [0],
        ["attn_logit_softcapping"] = [0],
        ["final_logit_softcapping"] = [0],
        ["router_logit_softcapping"] = [0],
        ["logit_scale"] = [0, 1],
        ["residual_scale"] = [0, 1],
        ["embedding_scale"] = [0, 1],
        ["use_parallel_residual"] = [0],
        ["rope.scale_linear"] = [0, 1],
        ["rope.scaling.attn_factor"] = [1],
        ["rope.scaling.yarn_attn_factor"] = [1],
        ["rope.scaling.yarn_ext_factor"] = [-1, 1],
        ["rope.scaling.yarn_log_multiplier"] = [0],
        ["expert_shared_count"] = [0],
        ["expert_shared_feed_forward_length"] = [0],
        ["expert_weights_scale"] = [0, 1],
        ["expert_weights_norm"] = [1],
        ["expert_gating_func"] = [0, 1],
        ["expert_group_count"] = [0, 1],
        ["expert_group_used_count"] = [0, 1],
        ["interleave_moe_layer_step"] = [0, 1],
        ["moe_every_n_layers"] = [0, 1],
        ["nextn_predict_layers"] = [0],
    };

    /// <summary>Whether a key needs no further look.</summary>
    public static bool IsTranslated(string key) => s_translated.Contains(key);

    /// <summary>Values of a key that mean that it is off; null for a key that is not known.</summary>
    public static double[]? Off(string key) => s_changing.GetValueOrDefault(key);
}
