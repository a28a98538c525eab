using AkkaCp.Model.Configuration;
using AkkaCp.Model.Sampling;

namespace AkkaCp.Model.Gguf.Writing;

/// <summary>
/// Keys for a model's dimensions and defaults, as llama.cpp's converter writes them: <see cref="Translation.GgufConfig"/> the other way.
/// </summary>
internal static class GgufModelKeys
{
    private const int QuantisationVersion = 2;

    /// <exception cref="ModelConfigException">The model computes what no key can say.</exception>
    public static void Write(GgufKeyBytes keys, string name, ModelConfig config, GgufMix mix, SamplingOptions? sampling)
    {
        Require(name, config);
        var architecture = config.NumExperts > 0 ? "qwen3moe" : "qwen3";
        keys.Add("general.architecture", architecture);
        keys.Add("general.type", "model");
        keys.Add("general.name", name);
        keys.Add("general.file_type", mix.Number);
        keys.Add("general.quantization_version", QuantisationVersion);
        WriteSampling(keys, sampling);
        WriteDimensions(keys, architecture + ".", config);
        WriteScaling(keys, architecture + ".rope.scaling.", config.RopeScaling);
    }

    private static void Require(string name, ModelConfig config)
    {
        var reasons = new List<string>();
        if (config.NumExperts > 0 && !config.NormTopkProb)
            reasons.Add("norm_topk_prob: expected true, as a GGUF file cannot say otherwise, found false");
        if (config.RopeScaling is { AttentionFactor: not null } or { Mscale: not null } or { MscaleAllDim: not null }
            or { Truncate: false })
        {
            reasons.Add("rope_scaling: expected no attention_factor, mscale, mscale_all_dim or truncate, which a GGUF file cannot say");
        }

        if (reasons.Count > 0)
            throw new ModelConfigException(name, reasons);
    }

    private static void WriteSampling(GgufKeyBytes keys, SamplingOptions? sampling)
    {
        if (sampling is null)
            return;
        if (sampling.TopK > 0)
            keys.Add("general.sampling.top_k", sampling.TopK);
        AddUnless(1, "top_p", sampling.TopP);
        AddUnless(0, "min_p", sampling.MinP);
        keys.Add("general.sampling.temp", sampling.Temperature);
        AddUnless(1, "penalty_repeat", sampling.RepetitionPenalty);

        void AddUnless(float off, string key, float value)
        {
            if (value != off)
                keys.Add("general.sampling." + key, value);
        }
    }

    private static void WriteDimensions(GgufKeyBytes keys, string prefix, ModelConfig config)
    {
        keys.Add(prefix + "block_count", config.NumHiddenLayers);
        keys.Add(prefix + "context_length", config.MaxPositionEmbeddings);
        keys.Add(prefix + "embedding_length", config.HiddenSize);
        if (config.IntermediateSize > 0)
            keys.Add(prefix + "feed_forward_length", config.IntermediateSize);
        keys.Add(prefix + "attention.head_count", config.NumAttentionHeads);
        keys.Add(prefix + "attention.head_count_kv", config.NumKeyValueHeads);
        keys.Add(prefix + "rope.freq_base", (float)config.RopeTheta);
        keys.Add(prefix + "attention.layer_norm_rms_epsilon", config.RmsNormEps);
        keys.Add(prefix + "attention.key_length", config.HeadDim);
        keys.Add(prefix + "attention.value_length", config.HeadDim);
        if (config.NumExperts == 0)
            return;
        keys.Add(prefix + "expert_count", config.NumExperts);
        keys.Add(prefix + "expert_used_count", config.NumExpertsPerTok);
        keys.Add(prefix + "expert_feed_forward_length", config.MoeIntermediateSize);
    }

    private static void WriteScaling(GgufKeyBytes keys, string prefix, RopeScaling? scaling)
    {
        if (scaling is null)
            return;
        keys.Add(prefix + "type", scaling.Type == RopeScalingType.Linear ? "linear" : "yarn");
        keys.Add(prefix + "factor", (float)scaling.Factor);
        if (scaling.Type != RopeScalingType.Yarn)
            return;
        keys.Add(prefix + "original_context_length", scaling.OriginalMaxPositionEmbeddings);
        keys.Add(prefix + "yarn_beta_fast", (float)scaling.BetaFast);
        keys.Add(prefix + "yarn_beta_slow", (float)scaling.BetaSlow);
    }
}
