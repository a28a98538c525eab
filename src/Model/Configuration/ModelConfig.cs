using AkkaCp.Text.Files;

namespace AkkaCp.Model.Configuration;

/// <summary>
/// A model's dimensions: HF config.json of model_type qwen3_moe, or qwen3 (the same without experts). Names are HF's.
/// A loaded instance is valid: what <see cref="Load"/> returns needs no further check. Keys that are missing take the defaults of
/// transformers; one that would make another model of it is refused.
/// </summary>
public sealed record ModelConfig
{
    private const string FileName = "config.json";

    /// <summary>qwen3_moe or qwen3.</summary>
    public required string ModelType { get; init; }

    /// <summary>Width of the residual stream.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Decoder layers.</summary>
    public required int NumHiddenLayers { get; init; }

    /// <summary>Query heads.</summary>
    public required int NumAttentionHeads { get; init; }

    /// <summary>Key/value heads; divides <see cref="NumAttentionHeads"/>.</summary>
    public required int NumKeyValueHeads { get; init; }

    /// <summary>Elements of one head; default HiddenSize / NumAttentionHeads, of qwen3 128.</summary>
    public required int HeadDim { get; init; }

    /// <summary>Rows of the embedding; ids are below it.</summary>
    public required int VocabSize { get; init; }

    /// <summary>Tokens of the longest context.</summary>
    public required int MaxPositionEmbeddings { get; init; }

    /// <summary>Experts of a sparse layer; 0 = every layer is dense.</summary>
    public int NumExperts { get; init; }

    /// <summary>Experts that each token visits.</summary>
    public int NumExpertsPerTok { get; init; }

    /// <summary>Inner width of one expert.</summary>
    public int MoeIntermediateSize { get; init; }

    /// <summary>Inner width of a dense layer's MLP; 0 when no layer is dense and the file leaves it out.</summary>
    public int IntermediateSize { get; init; }

    /// <summary>Whether the chosen experts' weights are scaled to sum 1; default false, as in HF.</summary>
    public bool NormTopkProb { get; init; }

    /// <summary>Every how many layers one is sparse; default 1.</summary>
    public int DecoderSparseStep { get; init; } = 1;

    /// <summary>Layers that are dense whatever the step says.</summary>
    public IReadOnlyList<int> MlpOnlyLayers { get; init; } = [];

    /// <summary>Whether q, k, v and o projections have a bias; default false.</summary>
    public bool AttentionBias { get; init; }

    /// <summary>Whether the output head is the embedding; default false.</summary>
    public bool TieWordEmbeddings { get; init; }

    /// <summary>Added to the mean square in RMS norms; default 1e-6.</summary>
    public float RmsNormEps { get; init; } = 1e-6f;

    /// <summary>Base of the rotary angles; default 10 000.</summary>
    public double RopeTheta { get; init; } = 10_000;

    /// <summary>Stretching of the rotary angles, or null.</summary>
    public RopeScaling? RopeScaling { get; init; }

    /// <summary>
    /// Element type that the file names (float32, bfloat16, float16), or null; for display, the tensors decide.
    /// </summary>
    public string? TorchDtype { get; init; }

    /// <summary>How the weights are quantised (quantization_config), or null.</summary>
    public QuantizationConfig? Quantization { get; init; }

    /// <summary>Tokens that end an output (eos_token_id: one or several), where generation_config.json has none.</summary>
    public IReadOnlyList<int> EosTokenIds { get; init; } = [];

    /// <summary>Dimensions that the file leaves out, with the default of transformers that stands for each ("vocab_size 151936").</summary>
    public IReadOnlyList<string> AssumedKeys { get; init; } = [];

    /// <summary>Keys of the file that nothing here knows, and that are passed over.</summary>
    public IReadOnlyList<string> UnknownKeys { get; init; } = [];

    /// <summary>Reads and checks config.json of a model directory.</summary>
    /// <exception cref="ModelConfigException">
    /// The file is missing, no JSON, or names a model that cannot run; all reasons.
    /// </exception>
    public static ModelConfig Load(ModelFolder folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        try
        {
            return Parse(folder.Read(FileName), folder.PathOf(FileName));
        }
        catch (ModelFormatException error)
        {
            throw ModelConfigParser.Reason(error);
        }
    }

    /// <summary>Checks the bytes of a config.json; <paramref name="file"/> names them in errors.</summary>
    /// <exception cref="ModelConfigException">All reasons why the model cannot run.</exception>
    public static ModelConfig Parse(ReadOnlyMemory<byte> json, string file) => ModelConfigParser.Parse(json, file);

    /// <summary>Whether a layer's MLP is a mixture of experts (HF Qwen3MoeDecoderLayer).</summary>
    public bool IsMoeLayer(int layer) =>
        NumExperts > 0 && (layer + 1) % DecoderSparseStep == 0 && !MlpOnlyLayers.Contains(layer);

    /// <summary>Context, in tokens, at which a token's attention takes as many multiplications as all the rest of its layers.</summary>
    public int AttentionBalance()
    {
        var (heads, hidden) = ((long)NumAttentionHeads * HeadDim, (long)HiddenSize);
        var projections = ((2 * heads) + (2L * NumKeyValueHeads * HeadDim)) * hidden;
        var rest = Enumerable.Range(0, NumHiddenLayers).Sum(layer => projections
            + (3 * hidden * (IsMoeLayer(layer) ? (long)NumExpertsPerTok * MoeIntermediateSize : IntermediateSize)));
        return (int)Math.Clamp(rest / (2 * heads * NumHiddenLayers), 1, int.MaxValue);
    }
}
