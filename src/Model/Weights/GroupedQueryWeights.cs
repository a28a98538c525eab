using AkkaCp.Model.Configuration;
using AkkaCp.Npu;

namespace AkkaCp.Model.Weights;

/// <summary>Weights of grouped-query attention. H hidden, D head dimension, nH and nKv heads of this rank.</summary>
public sealed class GroupedQueryWeights : AttentionWeights
{
    /// <summary>nH: query heads of this rank.</summary>
    public required int NumHeads { get; init; }

    /// <summary>nKv: key/value heads of this rank.</summary>
    public required int NumKvHeads { get; init; }

    /// <summary>[nH·D, H].</summary>
    public required PackedMatrix Q { get; init; }

    /// <summary>[2·nKv·D, H]: the rows of k, then those of v; in two matrices where they have types of their own.</summary>
    public required PackedMatrix[] Kv { get; init; }

    /// <summary>[H, nH·D].</summary>
    public required PackedMatrix O { get; init; }

    /// <summary>[D] F32, applied to each query head.</summary>
    public required Tensor QNorm { get; init; }

    /// <summary>[D] F32, applied to each key head.</summary>
    public required Tensor KNorm { get; init; }

    /// <summary>[nH·D] F32, or null.</summary>
    public Tensor? QBias { get; init; }

    /// <summary>[2·nKv·D] F32, or null.</summary>
    public Tensor? KvBias { get; init; }

    /// <summary>[H] F32 on the first rank of ATTN_TP, null elsewhere: the sum over the ranks adds it once.</summary>
    public Tensor? OBias { get; init; }
}

/// <summary>The pieces of <see cref="GroupedQueryWeights"/>.</summary>
public sealed record GroupedQueryPieces(
    WeightPiece Q, IReadOnlyList<WeightPiece> Kv, WeightPiece O, WeightPiece QNorm, WeightPiece KNorm) : AttentionPieces
{
    /// <summary>Bias of q, or null.</summary>
    public WeightPiece? QBias { get; init; }

    /// <summary>Bias of k, then of v, or null.</summary>
    public WeightPiece? KvBias { get; init; }

    /// <summary>Bias of o on the first rank of ATTN_TP, or null.</summary>
    public WeightPiece? OBias { get; init; }

    /// <inheritdoc/>
    public override IEnumerable<WeightPiece> All =>
        ((WeightPiece?[])[Q, .. Kv, O, QNorm, KNorm, QBias, KvBias, OBias]).OfType<WeightPiece>();

    internal static new GroupedQueryPieces Create(ModelConfig config, ShardSpec shard, MatrixTypes types, string prefix)
    {
        var d = config.HeadDim;
        var (qRows, kvRows) = (config.NumAttentionHeads * d, config.NumKeyValueHeads * d);
        var (q, qCount) = (shard.AttnTpRank * shard.NumHeads(config) * d, shard.NumHeads(config) * d);
        var (kv, kvCount) = (shard.FirstKvHead(config) * d, shard.NumKvHeads(config) * d);
        var pieces = new GroupedQueryPieces(
            Q: WeightPiece.Matrix(types, TensorSlice.Rows(prefix + "q_proj.weight", qRows, config.HiddenSize, q, qCount)),
            Kv: KeysAndValues(
                types,
                TensorSlice.Rows(prefix + "k_proj.weight", kvRows, config.HiddenSize, kv, kvCount),
                TensorSlice.Rows(prefix + "v_proj.weight", kvRows, config.HiddenSize, kv, kvCount)),
            O: WeightPiece.Matrix(types, TensorSlice.Columns(prefix + "o_proj.weight", config.HiddenSize, qRows, q, qCount)),
            QNorm: WeightPiece.Vector(TensorSlice.Vector(prefix + "q_norm.weight", d)),
            KNorm: WeightPiece.Vector(TensorSlice.Vector(prefix + "k_norm.weight", d)));
        return !config.AttentionBias ? pieces : pieces with
        {
            QBias = WeightPiece.Vector(TensorSlice.Vector(prefix + "q_proj.bias", qRows, q, qCount)),
            KvBias = WeightPiece.Vector(
                TensorSlice.Vector(prefix + "k_proj.bias", kvRows, kv, kvCount),
                TensorSlice.Vector(prefix + "v_proj.bias", kvRows, kv, kvCount)),

            // The partial outputs of ATTN_TP are added up: the bias must come from one of them only.
            OBias = shard.AttnTpRank == 0
                ? WeightPiece.Vector(TensorSlice.Vector(prefix + "o_proj.bias", config.HiddenSize))
                : null,
        };
    }

    /// <summary>One matrix where both have one type, so that their rows are one product.</summary>
    private static IReadOnlyList<WeightPiece> KeysAndValues(MatrixTypes types, TensorSlice keys, TensorSlice values) =>
        types.Of([keys]) == types.Of([values])
            ? [WeightPiece.Matrix(types, keys, values)]
            : [WeightPiece.Matrix(types, keys), WeightPiece.Matrix(types, values)];

    internal override AttentionWeights Assemble(ModelConfig config, ShardSpec shard, ShardLoading loaded) => new GroupedQueryWeights
    {
        NumHeads = shard.NumHeads(config),
        NumKvHeads = shard.NumKvHeads(config),
        Q = loaded.Matrix(Q),
        Kv = [.. Kv.Select(loaded.Matrix)],
        O = loaded.Matrix(O),
        QNorm = loaded.Tensor(QNorm),
        KNorm = loaded.Tensor(KNorm),
        QBias = loaded.TensorOrNull(QBias),
        KvBias = loaded.TensorOrNull(KvBias),
        OBias = loaded.TensorOrNull(OBias),
    };
}
