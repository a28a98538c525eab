using AkkaCp.Text.Files;

namespace AkkaCp.Model;

/// <summary>Keys of generation_config.json that transformers follows and that would give another answer.</summary>
internal static class GenerationKeys
{
    private static readonly ChangingKey[] s_drawing =
    [
        new("typical_p", "typical sampling", "1"),
        new("epsilon_cutoff", "cut-off sampling"),
        new("eta_cutoff", "cut-off sampling"),
        new("top_h", "entropy-bounded sampling"),
    ];

    private static readonly ChangingKey[] s_always =
    [
        new("num_beams", "beam search", "1", "0"),
        new("num_beam_groups", "beam search", "1", "0"),
        new("diversity_penalty", "beam search"),
        new("num_return_sequences", "several answers", "1"),
        new("penalty_alpha", "contrastive search"),
        new("dola_layers", "contrasting layers"),
        new("guidance_scale", "guidance", "1"),
        new("encoder_repetition_penalty", "a penalty on what the prompt lacks", "1"),
        new("no_repeat_ngram_size", "a ban on repeated n-grams"),
        new("encoder_no_repeat_ngram_size", "a ban on repeated n-grams"),
        new("bad_words_ids", "a ban on tokens"),
        new("suppress_tokens", "a ban on tokens"),
        new("begin_suppress_tokens", "a ban on tokens"),
        new("sequence_bias", "a bias of tokens"),
        new("force_words_ids", "forced tokens"),
        new("constraints", "forced tokens"),
        new("forced_bos_token_id", "forced tokens"),
        new("forced_eos_token_id", "forced tokens"),
        new("exponential_decay_length_penalty", "a penalty on length"),
        new("min_length", "a least length"),
        new("min_new_tokens", "a least length"),
        new("stop_strings", "texts that end an answer"),
        new("watermarking_config", "a watermark"),
        new("token_healing", "changed prompts"),
    ];

    private static readonly string[] s_harmless =
    [
        "transformers_version", "_from_model_config", "use_cache", "cache_implementation", "cache_config", "low_memory", "length_penalty",
        "early_stopping", "renormalize_logits", "remove_invalid_values", "output_attentions", "output_hidden_states", "output_logits",
        "output_scores", "return_dict_in_generate", "return_legacy_cache", "decoder_start_token_id", "compile_config", "disable_compile",
        "prefill_chunk_size", "is_assistant", "num_assistant_tokens", "num_assistant_tokens_schedule", "assistant_confidence_threshold",
        "assistant_early_exit", "assistant_lookbehind", "target_lookbehind", "prompt_lookup_num_tokens", "max_matching_ngram_size",
    ];

    /// <summary>Keys that <see cref="GenerationDefaults"/> reads.</summary>
    public static IReadOnlyList<string> Read { get; } =
    [
        "eos_token_id", "pad_token_id", "bos_token_id", "do_sample", "max_new_tokens", "temperature", "top_k", "top_p", "min_p",
        "repetition_penalty", .. s_drawing.Select(key => key.Key),
    ];

    /// <summary>Keys that count however tokens are chosen.</summary>
    public static KeyTable Always { get; } = new(s_always, s_harmless);

    /// <summary>Keys that count where tokens are drawn.</summary>
    public static KeyTable Drawing { get; } = new(s_drawing, []);
}
