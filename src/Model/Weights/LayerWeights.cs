using AkkaCp.Npu;

namespace AkkaCp.Model.Weights;

/// <summary>One decoder layer on one rank; either <see cref="Moe"/> or <see cref="Mlp"/> is there.</summary>
public sealed class LayerWeights
{
    /// <summary>[H] F32, before attention.</summary>
    public required Tensor InputNorm { get; init; }

    /// <summary>[H] F32, before the MLP.</summary>
    public required Tensor PostAttentionNorm { get; init; }

    /// <summary>Attention.</summary>
    public required AttentionWeights Attention { get; init; }

    /// <summary>Experts of a sparse layer.</summary>
    public MoeWeights? Moe { get; init; }

    /// <summary>MLP of a dense layer.</summary>
    public MlpWeights? Mlp { get; init; }
}

/// <summary>The pieces of one decoder layer on one rank; names as in <see cref="LayerWeights"/>.</summary>
public sealed record LayerPieces
{
    /// <summary>[H].</summary>
    public required WeightPiece InputNorm { get; init; }

    /// <summary>[H].</summary>
    public required WeightPiece PostAttentionNorm { get; init; }

    /// <summary>Attention's pieces.</summary>
    public required AttentionPieces Attention { get; init; }

    /// <summary>Pieces of a sparse layer, or null.</summary>
    public MoePieces? Moe { get; init; }

    /// <summary>Pieces of a dense layer, or null.</summary>
    public MlpPieces? Mlp { get; init; }

    /// <summary>All pieces in the order in which a rank loads them.</summary>
    public IEnumerable<WeightPiece> All =>
        [InputNorm, .. Attention.All, PostAttentionNorm, .. Moe?.All ?? [], .. Mlp?.All ?? []];
}
