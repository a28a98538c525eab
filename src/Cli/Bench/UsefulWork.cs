using AkkaCp.Model.Configuration;
using AkkaCp.Model.Weights;
using AkkaCp.Npu;

namespace AkkaCp.Cli.Bench;

/// <summary>
/// What a model must compute and read, by formula: the same for every layout, so that what a layout does twice is no merit. Letters:
/// H hidden size, N heads, G key/value heads, D head dimension, E experts, k experts of a token, F inner width, V vocabulary, L layers.
/// </summary>
/// <param name="config">The model.</param>
/// <param name="stored">Bytes of each tensor in the files, where they are what is read; null = those of a type.</param>
internal sealed class UsefulWork(ModelConfig config, IReadOnlyDictionary<string, long>? stored = null)
{
    private double Heads => (double)config.NumAttentionHeads * config.HeadDim;

    private double KvWidth => 2.0 * config.NumKeyValueHeads * config.HeadDim;

    /// <summary>
    /// FLOP of each stage for a prompt of <paramref name="tokens"/>, two for each multiply-add; of attention only the keys that a row
    /// sees; of the LM head one row. Stages that multiply nothing are left out.
    /// </summary>
    public IReadOnlyDictionary<string, double> PrefillFlops(int tokens)
    {
        double t = tokens, h = config.HiddenSize, layers = config.NumHiddenLayers;
        return new Dictionary<string, double>
        {
            ["QkvProjection"] = layers * 2 * t * h * (Heads + KvWidth),
            ["DualFia"] = layers * 4 * Heads * (t * (t + 1) / 2),
            ["Concat"] = layers * 2 * t * h * Heads,
            ["Moe"] = Enumerable.Range(0, config.NumHiddenLayers).Sum(layer => 2 * t * FeedForwardWeights(layer, config.NumExpertsPerTok)),
            ["LmHead"] = 2 * h * config.VocabSize,
        };
    }

    /// <summary>
    /// Bytes that one decode step reads at least: the weights that its rows use, each once, and K and V of each row's past.
    /// </summary>
    /// <param name="streams">Rows, one of each stream.</param>
    /// <param name="depth">Tokens before each row.</param>
    /// <param name="dtype">Type of the weights; scales of I8 are not counted.</param>
    /// <param name="kvDType">Type of K and V; null = that of the weights.</param>
    public double DecodeBytes(int streams, double depth, DType dtype, DType? kvDType = null)
    {
        double h = config.HiddenSize;
        var attention = h * ((2 * Heads) + KvWidth);
        var weights = stored is not null ? StoredBytes(streams, stored) : BytesOf(dtype) * (Enumerable.Range(0, config.NumHiddenLayers).Sum(
            layer => attention + FeedForwardWeights(layer, ExpectedExperts(streams))) + (h * config.VocabSize));
        return weights + (BytesOf(kvDType ?? dtype) * streams * (depth + 1) * KvWidth * config.NumHiddenLayers);
    }

    /// <summary>
    /// Experts of a layer that some row of a step visits, when each row's choice is k of E at random: E·(1 − (1 − k/E)^rows). For one
    /// row this is k.
    /// </summary>
    public double ExpectedExperts(int rows) => config.NumExperts == 0
        ? 0
        : config.NumExperts * (1 - Math.Pow(1 - ((double)config.NumExpertsPerTok / config.NumExperts), rows));

    private double StoredBytes(int streams, IReadOnlyDictionary<string, long> bytes)
    {
        var pieces = ShardPieces.Create(config, ShardSpec.Whole, DType.F32);
        return Of([pieces.LmHead]) + pieces.Layers.Sum(layer => Of(layer.Attention.All.Where(piece => piece.IsPacked))
            + (layer.Moe is { } moe
                ? Of([moe.Router]) + (ExpectedExperts(streams) / config.NumExperts * Of([.. moe.GateUp, .. moe.Down]))
                : Of(layer.Mlp!.All)));

        double Of(IEnumerable<WeightPiece> matrices) =>
            matrices.SelectMany(piece => piece.Slices).Sum(slice => (double)bytes[slice.Tensor]);
    }

    private static double BytesOf(DType dtype) => GroupFormat.Of(dtype)?.BitsPerWeight / 8 ?? dtype.Bytes();

    /// <summary>Weights of router and experts, or of the dense MLP.</summary>
    private double FeedForwardWeights(int layer, double experts)
    {
        double h = config.HiddenSize;
        return config.IsMoeLayer(layer)
            ? (h * config.NumExperts) + (experts * 3 * h * config.MoeIntermediateSize)
            : 3 * h * config.IntermediateSize;
    }
}
