using AkkaCp.Model.Configuration;
using AkkaCp.Npu;

namespace AkkaCp.Model.Weights;

/// <summary>
/// What one rank holds and where in the files it lies: a pure function of config, shard and types. Letters: V vocabulary, H
/// hidden.
/// </summary>
public sealed record ShardPieces
{
    private const string EmbeddingTensor = "model.embed_tokens.weight";

    /// <summary>[V, H], not packed: rows are looked up.</summary>
    public required WeightPiece Embedding { get; init; }

    /// <summary>One entry for each decoder layer.</summary>
    public required IReadOnlyList<LayerPieces> Layers { get; init; }

    /// <summary>[H].</summary>
    public required WeightPiece FinalNorm { get; init; }

    /// <summary>[rows of <see cref="ShardSpec.VocabRows"/>, H].</summary>
    public required WeightPiece LmHead { get; init; }

    /// <summary>All pieces in the order in which a rank loads them.</summary>
    public IEnumerable<WeightPiece> All => [Embedding, .. Layers.SelectMany(layer => layer.All), FinalNorm, LmHead];

    /// <summary>The same pieces for whoever looks at one after the other: no more than a layer of them is in memory.</summary>
    /// <exception cref="ModelConfigException">The model cannot be split this way; all reasons.</exception>
    internal static IEnumerable<WeightPiece> PiecesOf(ModelConfig config, ShardSpec shard, MatrixTypes types) =>
        OutsideLayers(config, shard, types)
            .Concat(Enumerable.Range(0, config.NumHiddenLayers).SelectMany(layer => Layer(config, shard, types, layer).All));

    /// <summary>Embedding, last norm and output head.</summary>
    /// <exception cref="ModelConfigException">The model cannot be split this way; all reasons.</exception>
    internal static IEnumerable<WeightPiece> OutsideLayers(ModelConfig config, ShardSpec shard, MatrixTypes types)
    {
        Require(config, shard);
        return [EmbeddingOf(config, types), FinalNormOf(config), LmHeadOf(config, shard, types)];
    }

    /// <summary>All of one rank.</summary>
    /// <param name="config">The model.</param>
    /// <param name="shard">The rank's place.</param>
    /// <param name="types">
    /// Types of matrices in memory; norms, biases and routers are F32. The embedding has that of other matrices: with I8 it is BF16, as no
    /// product reads it. A matrix that TP cuts across its inputs (o_proj, down_proj) is quantised by the largest weights of each rank's own
    /// part; one that keeps its codes is not cut where inputs share a scale.
    /// </param>
    /// <exception cref="ModelConfigException">The model cannot be split this way; all reasons.</exception>
    public static ShardPieces Create(ModelConfig config, ShardSpec shard, MatrixTypes types)
    {
        Require(config, shard);
        return new ShardPieces
        {
            Embedding = EmbeddingOf(config, types),
            Layers = [.. Enumerable.Range(0, config.NumHiddenLayers).Select(layer => Layer(config, shard, types, layer))],
            FinalNorm = FinalNormOf(config),
            LmHead = LmHeadOf(config, shard, types),
        };
    }

    private static void Require(ModelConfig config, ShardSpec shard)
    {
        if (shard.Problems(config) is { Count: > 0 } problems)
            throw new ModelConfigException("parallel layout", problems);
    }

    private static WeightPiece EmbeddingOf(ModelConfig config, MatrixTypes types) => WeightPiece.Table(
        types.Plain,
        TensorSlice.Rows(EmbeddingTensor, config.VocabSize, config.HiddenSize, 0, config.VocabSize));

    private static WeightPiece FinalNormOf(ModelConfig config) =>
        WeightPiece.Vector(TensorSlice.Vector("model.norm.weight", config.HiddenSize));

    private static WeightPiece LmHeadOf(ModelConfig config, ShardSpec shard, MatrixTypes types)
    {
        var (start, count) = shard.VocabRows(config);
        var tensor = config.TieWordEmbeddings ? EmbeddingTensor : "lm_head.weight";
        return WeightPiece.Matrix(types, TensorSlice.Rows(tensor, config.VocabSize, config.HiddenSize, start, count));
    }

    /// <summary>One decoder layer of a shard that can be.</summary>
    internal static LayerPieces Layer(ModelConfig config, ShardSpec shard, MatrixTypes types, int layer)
    {
        var prefix = $"model.layers.{layer}.";
        var sparse = config.IsMoeLayer(layer);
        return new LayerPieces
        {
            InputNorm = WeightPiece.Vector(TensorSlice.Vector(prefix + "input_layernorm.weight", config.HiddenSize)),
            PostAttentionNorm = WeightPiece.Vector(
                TensorSlice.Vector(prefix + "post_attention_layernorm.weight", config.HiddenSize)),
            Attention = AttentionPieces.Create(config, shard, types, prefix + "self_attn."),
            Moe = sparse ? Moe(config, shard, types, prefix + "mlp.") : null,
            Mlp = sparse ? null : Mlp(config, shard, types, prefix + "mlp."),
        };
    }

    private static MoePieces Moe(ModelConfig config, ShardSpec shard, MatrixTypes types, string prefix)
    {
        var count = shard.ExpertCount(config);
        var first = shard.MoeEpRank * count;
        var width = config.MoeIntermediateSize / shard.MoeTpSize;
        var experts = Experts(types);
        if (experts.Select(expert => (expert.GateUp.DType, expert.Down.DType)).Distinct().Count() > 1)
            experts = Experts(types.Others);
        return new MoePieces(
            WeightPiece.Matrix(
                DType.F32, TensorSlice.Rows(prefix + "gate.weight", config.NumExperts, config.HiddenSize, 0, config.NumExperts)),
            first,
            [.. experts.Select(expert => expert.GateUp)],
            [.. experts.Select(expert => expert.Down)]);

        // Products of a layer's experts are one call, of one type.
        List<MlpPieces> Experts(MatrixTypes all) =>
        [
            .. Enumerable.Range(first, count).Select(expert => GatedMlp(
                config, all, $"{prefix}experts.{expert}.", config.MoeIntermediateSize, shard.MoeTpRank * width, width)),
        ];
    }

    private static MlpPieces Mlp(ModelConfig config, ShardSpec shard, MatrixTypes types, string prefix)
    {
        var width = config.IntermediateSize / shard.MlpSize;
        return GatedMlp(config, types, prefix, config.IntermediateSize, shard.MlpRank * width, width);
    }

    private static MlpPieces GatedMlp(ModelConfig config, MatrixTypes types, string prefix, int inner, int first, int width) => new(
        WeightPiece.GateUp(
            types,
            TensorSlice.Rows(prefix + "gate_proj.weight", inner, config.HiddenSize, first, width),
            TensorSlice.Rows(prefix + "up_proj.weight", inner, config.HiddenSize, first, width)),
        WeightPiece.Matrix(types, TensorSlice.Columns(prefix + "down_proj.weight", config.HiddenSize, inner, first, width)));
}

/// <summary>
/// Weight bytes by formula, without opening a file; a packed layout's padding is not counted. Layers of a kind are alike where no matrix
/// keeps its codes, so one of each is counted: a config may ask for more layers of more experts than a list of them could hold.
/// </summary>
public static class WeightBytes
{
    /// <summary>Bytes that one rank holds.</summary>
    /// <exception cref="ModelConfigException">The model cannot be split this way.</exception>
    public static long Estimate(ModelConfig config, ShardSpec shard, MatrixTypes types) => EstimateShared(config, [shard], types);

    /// <summary>Bytes that one process holds for several ranks: equal pieces count once.</summary>
    /// <exception cref="ModelConfigException">The model cannot be split this way.</exception>
    public static long EstimateShared(ModelConfig config, IEnumerable<ShardSpec> shards, MatrixTypes types)
    {
        var distinct = shards.Distinct().ToList();
        var ownTypes = types.LayersWithCodes;
        var kinds = Enumerable.Range(0, config.NumHiddenLayers).GroupBy(layer => (config.IsMoeLayer(layer), Math.Min(layer, ownTypes)));
        var ofLayers = kinds.Select(layers => ByteCount.Product(
            layers.Count(), BytesOf(distinct.SelectMany(shard => ShardPieces.Layer(config, shard, types, layers.First()).All))));
        return ByteCount.Sum([BytesOf(distinct.SelectMany(shard => ShardPieces.OutsideLayers(config, shard, types))), .. ofLayers]);
    }

    private static long BytesOf(IEnumerable<WeightPiece> pieces) =>
        ByteCount.Sum(pieces.DistinctBy(piece => piece.Key).Select(piece => piece.Bytes));
}
