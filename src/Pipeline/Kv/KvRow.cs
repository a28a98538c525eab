using AkkaCp.Model.Configuration;
using AkkaCp.Model.Weights;
using AkkaCp.Npu;

namespace AkkaCp.Pipeline.Kv;

/// <summary>
/// What one layer keeps of one token on one rank: an entry [kvN, KeyDim] of the key cache and one [kvN, ValueDim] of the value cache.
/// Between ranks both travel as one row, the first entry before the second.
/// </summary>
/// <param name="KvHeads">kvN: key/value heads of the rank.</param>
/// <param name="KeyDim">Elements of a head in the key cache.</param>
/// <param name="ValueDim">Elements of a head in the value cache.</param>
public sealed record KvRow(int KvHeads, int KeyDim, int ValueDim)
{
    /// <summary>Elements of both entries.</summary>
    public int Length => KvHeads * (KeyDim + ValueDim);

    /// <summary>What a model's attention keeps on the rank that holds <paramref name="shard"/>.</summary>
    public static KvRow Of(ModelConfig config, ShardSpec shard)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(shard);
        return new KvRow(shard.NumKvHeads(config), config.HeadDim, config.HeadDim);
    }

    /// <summary>The parts of merged rows [R, <see cref="Length"/>]: [R, kvN, KeyDim] and [R, kvN, ValueDim].</summary>
    internal (TensorView Keys, TensorView Values) Split(TensorView rows)
    {
        var (keys, values) = (KvHeads * KeyDim, KvHeads * ValueDim);
        return (
            rows.Columns(0, keys).Reshape(rows.Rows, KvHeads, KeyDim),
            rows.Columns(keys, values).Reshape(rows.Rows, KvHeads, ValueDim));
    }
}
