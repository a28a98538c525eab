using AkkaCp.Npu;

namespace AkkaCp.Model.Weights;

/// <summary>Attention weights of one layer on one rank. H hidden, D head dimension, nH and nKv heads of this rank.</summary>
public sealed class AttentionWeights
{
    /// <summary>nH: query heads of this rank.</summary>
    public required int NumHeads { get; init; }

    /// <summary>nKv: key/value heads of this rank.</summary>
    public required int NumKvHeads { get; init; }

    /// <summary>[nH·D, H].</summary>
    public required PackedMatrix Q { get; init; }

    /// <summary>[2·nKv·D, H]: the rows of k, then those of v.</summary>
    public required PackedMatrix Kv { get; init; }

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

/// <summary>The pieces of <see cref="AttentionWeights"/>.</summary>
public sealed record AttentionPieces(WeightPiece Q, WeightPiece Kv, WeightPiece O, WeightPiece QNorm, WeightPiece KNorm)
{
    /// <summary>Bias of q, or null.</summary>
    public WeightPiece? QBias { get; init; }

    /// <summary>Bias of k, then of v, or null.</summary>
    public WeightPiece? KvBias { get; init; }

    /// <summary>Bias of o on the first rank of ATTN_TP, or null.</summary>
    public WeightPiece? OBias { get; init; }

    /// <summary>All pieces.</summary>
    public IEnumerable<WeightPiece> All =>
        ((WeightPiece?[])[Q, Kv, O, QNorm, KNorm, QBias, KvBias, OBias]).OfType<WeightPiece>();
}
