using AkkaCp.Model.Configuration;
using AkkaCp.Npu;

namespace AkkaCp.Model.Weights;

/// <summary>Weight bytes by formula, without opening a file; a packed layout's padding is not counted.</summary>
public static class WeightBytes
{
    /// <summary>Bytes that one rank holds.</summary>
    /// <exception cref="ModelConfigException">The model cannot be split this way.</exception>
    public static long Estimate(ModelConfig config, ShardSpec shard, DType dtype) =>
        ShardPlan.Create(config, shard, dtype).Pieces.Sum(piece => piece.Bytes);

    /// <summary>Bytes that one process holds for several ranks: equal pieces count once.</summary>
    /// <exception cref="ModelConfigException">The model cannot be split this way.</exception>
    public static long EstimateShared(ModelConfig config, IEnumerable<ShardSpec> shards, DType dtype) =>
        shards.Distinct().SelectMany(
            shard => ShardPlan.Create(config, shard, dtype).Pieces).DistinctBy(piece => piece.Key).Sum(piece => piece.Bytes);
}
