namespace AkkaCp.Model.Synth;

/// <summary>Dimensions of a model to make up; names are HF's.</summary>
public sealed record SynthPreset
{
    private static readonly SynthPreset[] s_all =
    [
        new()
        {
            Name = "qwen3-30b-a3b", HiddenSize = 2048, NumHiddenLayers = 48, NumAttentionHeads = 32, NumKeyValueHeads = 4,
            HeadDim = 128, NumExperts = 128, NumExpertsPerTok = 8, MoeIntermediateSize = 768, IntermediateSize = 6144, VocabSize = 151_936,
            MaxPositionEmbeddings = 40_960,
        },
        new()
        {
            Name = "bench", HiddenSize = 1024, NumHiddenLayers = 8, NumAttentionHeads = 16, NumKeyValueHeads = 4, HeadDim = 128,
            NumExperts = 32, NumExpertsPerTok = 4, MoeIntermediateSize = 384, IntermediateSize = 3072, VocabSize = 4096,
            MaxPositionEmbeddings = 40_960,
        },
        new()
        {
            Name = "tiny", HiddenSize = 64, NumHiddenLayers = 4, NumAttentionHeads = 4, NumKeyValueHeads = 2, HeadDim = 32,
            NumExperts = 8, NumExpertsPerTok = 2, MoeIntermediateSize = 48, IntermediateSize = 192, VocabSize = 512,
            MaxPositionEmbeddings = 4096,
        },
    ];

    /// <summary>All presets, the largest first.</summary>
    public static IReadOnlyList<SynthPreset> All => s_all;

    /// <summary>What the command line calls it.</summary>
    public required string Name { get; init; }

    /// <summary>Width of the residual stream.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Layers when nobody asks for another number.</summary>
    public required int NumHiddenLayers { get; init; }

    /// <summary>Query heads.</summary>
    public required int NumAttentionHeads { get; init; }

    /// <summary>Key/value heads.</summary>
    public required int NumKeyValueHeads { get; init; }

    /// <summary>Elements of one head.</summary>
    public required int HeadDim { get; init; }

    /// <summary>Experts of a layer.</summary>
    public required int NumExperts { get; init; }

    /// <summary>Experts that a token visits.</summary>
    public required int NumExpertsPerTok { get; init; }

    /// <summary>Inner width of an expert.</summary>
    public required int MoeIntermediateSize { get; init; }

    /// <summary>Inner width that a dense layer would have.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>Rows of the embedding.</summary>
    public required int VocabSize { get; init; }

    /// <summary>Tokens of the longest context.</summary>
    public required int MaxPositionEmbeddings { get; init; }

    /// <summary>The preset of a name.</summary>
    /// <exception cref="ArgumentException">There is none; the message lists those that are.</exception>
    public static SynthPreset Named(string name) =>
        Array.Find(s_all, preset => preset.Name == name)
        ?? throw new ArgumentException(
            $"preset: expected {string.Join(", ", s_all.Select(preset => preset.Name))}, found \"{name}\".", nameof(name));
}
