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
