namespace AkkaCp.Model.Weights;

/// <summary>The pieces of <see cref="MlpWeights"/>.</summary>
public sealed record MlpPlan(WeightPiece GateUp, WeightPiece Down)
{
    /// <summary>All pieces.</summary>
    public IEnumerable<WeightPiece> Pieces => [GateUp, Down];
}
