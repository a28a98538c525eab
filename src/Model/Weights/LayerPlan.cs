namespace AkkaCp.Model.Weights;

/// <summary>The pieces of one decoder layer on one rank; names as in <see cref="LayerWeights"/>.</summary>
public sealed record LayerPlan
{
    /// <summary>[H].</summary>
    public required WeightPiece InputNorm { get; init; }

    /// <summary>[H].</summary>
    public required WeightPiece PostAttentionNorm { get; init; }

    /// <summary>Attention's pieces.</summary>
    public required AttentionPlan Attention { get; init; }

    /// <summary>Pieces of a sparse layer, or null.</summary>
    public MoePlan? Moe { get; init; }

    /// <summary>Pieces of a dense layer, or null.</summary>
    public MlpPlan? Mlp { get; init; }

    /// <summary>All pieces in the order in which a rank loads them.</summary>
    public IEnumerable<WeightPiece> Pieces =>
        [InputNorm, .. Attention.Pieces, PostAttentionNorm, .. Moe?.Pieces ?? [], .. Mlp?.Pieces ?? []];
}

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

/// <summary>The pieces of <see cref="MoeWeights"/>.</summary>
public sealed record MoePlan(WeightPiece Router, int FirstExpert, IReadOnlyList<WeightPiece> GateUp, IReadOnlyList<WeightPiece> Down)
{
    /// <summary>All pieces.</summary>
    public IEnumerable<WeightPiece> Pieces => [Router, .. GateUp, .. Down];
}

/// <summary>The pieces of <see cref="MlpWeights"/>.</summary>
public sealed record MlpPlan(WeightPiece GateUp, WeightPiece Down)
{
    /// <summary>All pieces.</summary>
    public IEnumerable<WeightPiece> Pieces => [GateUp, Down];
}
