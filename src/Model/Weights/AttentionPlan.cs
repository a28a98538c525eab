namespace AkkaCp.Model.Weights;

/// <summary>The pieces of <see cref="AttentionWeights"/>.</summary>
public sealed record AttentionPlan(WeightPiece Q, WeightPiece Kv, WeightPiece O, WeightPiece QNorm, WeightPiece KNorm)
{
    /// <summary>Bias of q, or null.</summary>
    public WeightPiece? QBias { get; init; }

    /// <summary>Bias of k, then of v, or null.</summary>
    public WeightPiece? KvBias { get; init; }

    /// <summary>Bias of o on the first rank of ATTN_TP, or null.</summary>
    public WeightPiece? OBias { get; init; }

    /// <summary>All pieces.</summary>
    public IEnumerable<WeightPiece> Pieces =>
        ((WeightPiece?[])[Q, Kv, O, QNorm, KNorm, QBias, KvBias, OBias]).OfType<WeightPiece>();
}
