using AkkaCp.Model.Configuration;
using AkkaCp.Npu;

namespace AkkaCp.Model.Weights;

/// <summary>
/// Weight bytes by formula, without opening a file; a packed layout's padding is not counted. Layers of a kind are alike, so one of each is
/// counted: a config may ask for more layers of more experts than a list of them could hold.
/// </summary>
public static class WeightBytes
{
    /// <summary>Bytes that one rank holds.</summary>
    /// <exception cref="ModelConfigException">The model cannot be split this way.</exception>
    public static long Estimate(ModelConfig config, ShardSpec shard, DType dtype) => EstimateShared(config, [shard], dtype);

    /// <summary>Bytes that one process holds for several ranks: equal pieces count once.</summary>
    /// <exception cref="ModelConfigException">The model cannot be split this way.</exception>
    public static long EstimateShared(ModelConfig config, IEnumerable<ShardSpec> shards, DType dtype)
    {
        var distinct = shards.Distinct().ToList();
        var kinds = Enumerable.Range(0, config.NumHiddenLayers).GroupBy(config.IsMoeLayer);
        var ofLayers = kinds.Select(layers => ByteCount.Product(
            layers.Count(), BytesOf(distinct.SelectMany(shard => ShardPlan.Layer(config, shard, dtype, layers.First()).Pieces))));
        return ByteCount.Sum([BytesOf(distinct.SelectMany(shard => ShardPlan.OutsideLayers(config, shard, dtype))), .. ofLayers]);
    }

    private static long BytesOf(IEnumerable<WeightPiece> pieces) => ByteCount.Sum(pieces.DistinctBy(piece => piece.Key).Select(piece => piece.Bytes));
}
