using AkkaCp.Model.Files;

namespace AkkaCp.Model.Configuration;

/// <summary>
/// Keys of config.json that make another model of Qwen3 and Qwen3-MoE, as sibling architectures and derived models write them.
/// </summary>
internal static class ConfigKeys
{
    private static readonly ChangingKey[] s_attention =
    [
        new("dual_chunk_attention_config", "positions folded back beyond a chunk"),
        new("sparse_attention_config", "sparse attention"),
        new("layer_types", "layers of another kind", "full_attention"),
        new("full_attention_interval", "layers of linear attention", "1"),
        new("layers_block_type", "layers of another kind", "attention", "full_attention"),
        new("attn_type_list", "layers of another kind", "1"),
        new("hybrid_override_pattern", "layers of another kind"),
        new("sliding_window_pattern", "a sliding window"),
        new("attention_chunk_size", "attention within chunks"),
        new("attn_output_gate", "a gate on attention's output"),
        new("attention_output_gate", "a gate on attention's output"),
        new("use_gated_attention", "a gate on attention's output"),
        new("attention_sinks", "attention sinks"),
        new("attention_sink", "attention sinks"),
        new("use_attention_sink", "attention sinks"),
        new("use_attention_sinks", "attention sinks"),
        new("use_qk_norm", "no norm of queries and keys", "true"),
        new("qk_norm", "no norm of queries and keys", "true"),
        new("qk_layernorm", "no norm of queries and keys", "true"),
        new("is_causal", "attention to later tokens", "true"),
        new("use_bidirectional_attention", "attention to later tokens"),
        new("attn_logit_softcapping", "capped scores"),
        new("attn_logit_softcap", "capped scores"),
        new("query_pre_attn_scalar", "another scale of scores"),
        new("attention_multiplier", "another scale of scores"),
        new("attn_scale", "another scale of scores"),
        new("attn_temperature_tuning", "another scale of scores"),
        new("softmax_scale", "another scale of scores"),
        new("clip_qkv", "clipped queries, keys and values"),
        new("qkv_bias", "a bias without attention_bias"),
        new("use_qkv_bias", "a bias without attention_bias"),
        new("attention_qkv_bias", "a bias without attention_bias"),
        new("attention_out_bias", "a bias without attention_bias"),
        new("q_lora_rank", "latent attention"),
        new("kv_lora_rank", "latent attention"),
        new("qk_rope_head_dim", "latent attention"),
        new("qk_nope_head_dim", "latent attention"),
        new("v_head_dim", "values of another width"),
        new("use_mla", "latent attention"),
        new("use_cla", "keys and values shared between layers"),
        new("cla_share_factor", "keys and values shared between layers", "1", "0"),
        new("num_kv_shared_layers", "keys and values shared between layers"),
        new("linear_num_key_heads", "layers of linear attention"),
        new("linear_num_value_heads", "layers of linear attention"),
        new("is_encoder_decoder", "an encoder"),
        new("add_cross_attention", "an encoder"),
        new("pruned_heads", "heads left out"),
    ];

    private static readonly ChangingKey[] s_positions =
    [
        new("partial_rotary_factor", "rotation of a part of each head", "1"),
        new("rotary_pct", "rotation of a part of each head", "1"),
        new("rotary_percent", "rotation of a part of each head", "1"),
        new("rotary_dim", "rotation of a part of each head"),
        new("rope_ratio", "another base of rotation", "1"),
        new("rope_local_base_freq", "a base of rotation for some layers"),
        new("local_rope_theta", "a base of rotation for some layers"),
        new("rope_interleave", "rotation of neighbours"),
        new("rope_interleaved", "rotation of neighbours"),
        new("mrope_section", "positions of several axes"),
        new("mrope_interleaved", "positions of several axes"),
        new("use_rope", "layers without rotation", "true"),
        new("no_rope_layers", "layers without rotation", "1", "true"),
        new("no_rope_layer_interval", "layers without rotation"),
        new("nope_layer_interval", "layers without rotation"),
        new("position_embedding_type", "other positions than rotary ones", "rope", "rotary", "default"),
        new("alibi", "other positions than rotary ones"),
        new("use_alibi", "other positions than rotary ones"),
    ];

    private static readonly ChangingKey[] s_experts =
    [
        new("scoring_func", "other routing than softmax", "softmax"),
        new("score_func", "other routing than softmax", "softmax"),
        new("score_function", "other routing than softmax", "softmax"),
        new("moe_scoring_func", "other routing than softmax", "softmax"),
        new("router_score_function", "other routing than softmax", "softmax"),
        new("moe_router_score_function", "other routing than softmax", "softmax"),
        new("moe_router_activation_func", "other routing than softmax", "softmax"),
        new("router_activation", "other routing than softmax", "softmax"),
        new("use_sigmoid_routing", "other routing than softmax"),
        new("topk_method", "other routing than the largest scores", "greedy"),
        new("moe_topk_method", "other routing than the largest scores", "greedy"),
        new("n_group", "routing by groups of experts", "1", "0"),
        new("topk_group", "routing by groups of experts", "1", "0"),
        new("num_expert_group", "routing by groups of experts", "1", "0"),
        new("use_grouped_topk", "routing by groups of experts"),
        new("routed_scaling_factor", "scaled experts", "1"),
        new("router_scaling_factor", "scaled experts", "1"),
        new("moe_router_scaling_factor", "scaled experts", "1"),
        new("route_scale", "scaled experts", "1"),
        new("router_temperature", "scaled scores of experts", "1"),
        new("router_logit_softcapping", "capped scores of experts"),
        new("use_expert_bias", "a bias of experts"),
        new("use_routing_bias", "a bias of experts"),
        new("router_bias", "a bias of experts"),
        new("moe_use_aux_free", "a bias of experts"),
        new("moe_router_enable_expert_bias", "a bias of experts"),
        new("n_shared_experts", "shared experts"),
        new("num_shared_experts", "shared experts"),
        new("num_shared_expert", "shared experts"),
        new("moe_num_shared_experts", "shared experts"),
        new("shared_expert_intermediate_size", "shared experts"),
        new("moe_shared_expert_intermediate_size", "shared experts"),
        new("shared_intermediate_size", "shared experts"),
        new("share_expert_dim", "shared experts"),
        new("use_shared_expert", "shared experts"),
        new("first_k_dense_replace", "dense layers that mlp_only_layers does not name"),
        new("num_dense_layers", "dense layers that mlp_only_layers does not name"),
        new("moe_layer_start_index", "dense layers that mlp_only_layers does not name"),
        new("mlp_layer_types", "dense layers that mlp_only_layers does not name", "sparse"),
        new("moe_layer_freq", "dense layers that decoder_sparse_step does not name", "1"),
        new("moe_layer_interval", "dense layers that decoder_sparse_step does not name", "1"),
        new("interleave_moe_layer_step", "dense layers that decoder_sparse_step does not name", "1"),
        new("zero_expert_num", "experts that compute nothing"),
        new("moe_capacity_factor", "experts that drop tokens", "-1"),
        new("swiglu_limit", "a clipped activation"),
        new("hidden_activation", "another activation", "silu", "swish"),
    ];

    private static readonly ChangingKey[] s_rest =
    [
        new("mlp_bias", "a bias of the MLP"),
        new("moe_bias", "a bias of the MLP"),
        new("use_bias", "a bias"),
        new("add_bias_linear", "a bias"),
        new("lm_head_bias", "a bias of the output head"),
        new("final_logit_softcapping", "capped logits"),
        new("logits_soft_cap", "capped logits"),
        new("logit_scale", "scaled logits", "1"),
        new("logits_scaling", "scaled logits", "1"),
        new("dim_model_base", "scaled logits"),
        new("scale_emb", "scaled embeddings", "1"),
        new("embedding_multiplier", "scaled embeddings", "1"),
        new("normalize_embedding", "scaled embeddings"),
        new("scale_depth", "scaled layers"),
        new("residual_multiplier", "scaled layers", "1"),
        new("use_parallel_residual", "attention and MLP side by side"),
        new("use_sandwich_norm", "further norms"),
        new("sandwich_norm", "further norms"),
        new("norm_type", "another norm than RMS", "rms_norm", "rmsnorm", "rms"),
        new("quantization_config", "quantised weights"),
        new("compression_config", "quantised weights"),
        new("quantization", "quantised weights"),
        new("quant_config", "quantised weights"),
        new("text_config", "a model inside another"),
        new("thinker_config", "a model inside another"),
        new("vision_config", "pictures"),
        new("audio_config", "sound"),
    ];

    private static readonly string[] s_harmless =
    [
        "architectures", "attention_dropout", "bos_token_id", "hidden_dropout", "id2label", "initializer_range", "is_decoder", "label2id",
        "language", "max_window_layers", "name_or_path", "num_nextn_predict_layers", "output_attentions", "output_hidden_states",
        "output_router_logits", "pad_token_id", "pretraining_tp", "problem_type", "return_dict", "router_aux_loss_coef",
        "router_jitter_noise", "sliding_window", "tokenizer_class", "torchscript", "transformers_version", "unsloth_fixed",
        "unsloth_version", "use_bfloat16", "use_cache", "_attn_implementation", "_attn_implementation_autoset", "_name_or_path",
    ];

    /// <summary>All of config.json.</summary>
    public static KeyTable Root { get; } = new([.. s_attention, .. s_positions, .. s_experts, .. s_rest], s_harmless);

    /// <summary>Those inside rope_scaling and rope_parameters, which the scaling rules do not read.</summary>
    public static KeyTable Rope { get; } = new(
        [
            .. s_positions,
            new("full_attention", "rotation that differs between layers"),
            new("sliding_attention", "rotation that differs between layers"),
            new("llama_4_scaling_beta", "another scale of scores"),
        ],
        ["finetuned"]);
}
