namespace AkkaCp.Model.Weights;

/// <summary>The pieces of <see cref="MoeWeights"/>.</summary>
public sealed record MoePlan(
    WeightPiece Router, int FirstExpert, IReadOnlyList<WeightPiece> GateUp, IReadOnlyList<WeightPiece> Down)
{
    /// <summary>All pieces.</summary>
    public IEnumerable<WeightPiece> Pieces => [Router, .. GateUp, .. Down];
}
