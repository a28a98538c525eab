using AkkaCp.Model.Sampling;
using AkkaCp.Text.Files;

namespace AkkaCp.Model;

/// <summary>
/// What the model's authors recommend for generation: Hugging Face's <c>generation_config.json</c>. Keys that are absent or null
/// take their neutral value; one that would change the answer and is not honoured is refused.
/// </summary>
public sealed record GenerationDefaults
{
    /// <summary>Name of the file in a model directory.</summary>
    public const string FileName = "generation_config.json";

    /// <summary>
    /// Tokens that end an output (<c>eos_token_id</c>: one or several). Default none; a negative number, which no token has, means none.
    /// </summary>
    public IReadOnlyList<int> EosTokenIds { get; init; } = [];

    /// <summary>Padding token (<c>pad_token_id</c>). Never used here, so any number stands. Default none.</summary>
    public int? PadTokenId { get; init; }

    /// <summary>First token of every sequence (<c>bos_token_id</c>). Never used here, so any number stands. Default none.</summary>
    public int? BosTokenId { get; init; }

    /// <summary>Whether tokens are drawn (<c>do_sample</c>) or the most probable is taken. Default false.</summary>
    public bool DoSample { get; init; }

    /// <summary>Most tokens of an output (<c>max_new_tokens</c>), in tokens. Default no limit of its own.</summary>
    public int? MaxNewTokens { get; init; }

    /// <summary>
    /// Temperature, top-k, top-p, min-p and repetition penalty as given; temperature 0 where <see cref="DoSample"/> is false. An absent
    /// top_k is off, whatever default the reference library has for it, and so is −1.
    /// </summary>
    public SamplingOptions Sampling { get; init; } = SamplingOptions.Greedy;

    /// <summary>Keys of the file that nothing here knows, and that are passed over.</summary>
    public IReadOnlyList<string> UnknownKeys { get; init; } = [];

    /// <summary>Reads the file of a model directory; a directory without one gives the defaults.</summary>
    /// <exception cref="ModelFormatException">
    /// Not JSON, not an object, a key of the wrong type, a number out of its range, or a key that changes answers and is not honoured.
    /// </exception>
    public static GenerationDefaults Load(ModelFolder folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        if (!folder.Has(FileName))
            return new GenerationDefaults();
        using var document = folder.ReadJson(FileName);
        return Read(new LocatedJson(folder.PathOf(FileName), "", document.RootElement));
    }

    private static GenerationDefaults Read(LocatedJson root)
    {
        var doSample = root["do_sample"].Flag();
        RefuseWhatIsNotHonoured(root, doSample);
        return new GenerationDefaults
        {
            EosTokenIds = ReadTokenIds(root["eos_token_id"]),
            PadTokenId = root["pad_token_id"].WholeNumber(),
            BosTokenId = root["bos_token_id"].WholeNumber(),
            DoSample = doSample,
            MaxNewTokens = root["max_new_tokens"].WholeNumber(least: 1),
            Sampling = ReadSampling(root, doSample),
            UnknownKeys = GenerationKeys.Always.UnknownIn(root.Value, GenerationKeys.Read),
        };
    }

    private static void RefuseWhatIsNotHonoured(LocatedJson root, bool doSample)
    {
        var set = GenerationKeys.Always.SetIn(root.Value).Concat(doSample ? GenerationKeys.Drawing.SetIn(root.Value) : []);
        foreach (var (key, expected, _) in set)
            throw root[key].Wrong(expected);
    }

    private static IReadOnlyList<int> ReadTokenIds(LocatedJson value)
    {
        var ids = value.Value.ValueKind == System.Text.Json.JsonValueKind.Array
            ? value.Items().Select(item => item.WholeNumber() ?? throw item.Wrong("an integer"))
            : value.WholeNumber() is { } id ? [id] : [];
        return [.. ids.Where(token => token >= 0)];
    }

    private static SamplingOptions ReadSampling(LocatedJson root, bool doSample)
    {
        var given = new SamplingOptions
        {
            Temperature = root["temperature"].Number() ?? 1,
            TopK = Math.Max(0, root["top_k"].WholeNumber(least: -1) ?? 0),
            TopP = root["top_p"].Number() ?? 1,
            MinP = root["min_p"].Number() ?? 0,
            RepetitionPenalty = root["repetition_penalty"].Number() ?? 1,
        };
        var problems = given.Problems(vocabSize: int.MaxValue);
        if (problems.Count > 0)
            throw new ModelFormatException(root.File, "sampling keys", "numbers in their ranges", string.Join("; ", problems));
        return doSample ? given : given with { Temperature = 0 };
    }
}

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
