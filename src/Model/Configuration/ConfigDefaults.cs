namespace AkkaCp.Model.Configuration;

/// <summary>
/// What transformers takes for keys that a config.json leaves out: the defaults of Qwen3MoeConfig and Qwen3Config. Where a default
/// does not fit the weights, their shapes say so.
/// </summary>
internal sealed record ConfigDefaults
{
    public required int HiddenSize { get; init; }

    public required int IntermediateSize { get; init; }

    public required int NumHiddenLayers { get; init; }

    public required int NumKeyValueHeads { get; init; }

    /// <summary>Null: hidden_size / num_attention_heads.</summary>
    public int? HeadDim { get; init; }

    public int NumAttentionHeads { get; init; } = 32;

    public int VocabSize { get; init; } = 151_936;

    public int MaxPositionEmbeddings { get; init; } = 32_768;

    public int NumExperts { get; init; } = 128;

    public int NumExpertsPerTok { get; init; } = 8;

    public int MoeIntermediateSize { get; init; } = 768;

    public static ConfigDefaults Qwen3Moe { get; } = new()
    {
        HiddenSize = 2_048,
        IntermediateSize = 6_144,
        NumHiddenLayers = 24,
        NumKeyValueHeads = 4,
    };

    public static ConfigDefaults Qwen3 { get; } = new()
    {
        HiddenSize = 4_096,
        IntermediateSize = 22_016,
        NumHiddenLayers = 32,
        NumKeyValueHeads = 32,
        HeadDim = 128,
    };
}
