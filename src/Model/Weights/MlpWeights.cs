using AkkaCp.Npu;

namespace AkkaCp.Model.Weights;

/// <summary>
/// The MLP of one dense layer on one rank. H hidden, F inner width of this rank, cut over MOE_EP · MOE_TP ranks.
/// </summary>
public sealed class MlpWeights
{
    /// <summary>[2F, H] for MatMulSwiglu: the rows of gate, then those of up.</summary>
    public required PackedMatrix GateUp { get; init; }

    /// <summary>[H, F].</summary>
    public required PackedMatrix Down { get; init; }
}

/// <summary>The pieces of <see cref="MlpWeights"/>.</summary>
public sealed record MlpPieces(WeightPiece GateUp, WeightPiece Down)
{
    /// <summary>All pieces.</summary>
    public IEnumerable<WeightPiece> All => [GateUp, Down];
}
