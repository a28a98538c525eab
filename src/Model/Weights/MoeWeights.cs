using AkkaCp.Npu;

namespace AkkaCp.Model.Weights;

/// <summary>Experts of one sparse layer on one rank. E experts of the model, H hidden, F inner width of this rank.</summary>
public sealed class MoeWeights
{
    /// <summary>[E, H], always F32 and whole: a rounded score would choose other experts.</summary>
    public required PackedMatrix Router { get; init; }

    /// <summary>Number of this rank's first expert.</summary>
    public required int FirstExpert { get; init; }

    /// <summary>For each expert of this rank [2F, H] for GroupedMatMulSwiglu: the rows of gate, then those of up.</summary>
    public required PackedMatrix[] GateUp { get; init; }

    /// <summary>For each expert of this rank [H, F].</summary>
    public required PackedMatrix[] Down { get; init; }
}

/// <summary>The pieces of <see cref="MoeWeights"/>.</summary>
public sealed record MoePieces(
    WeightPiece Router, int FirstExpert, IReadOnlyList<WeightPiece> GateUp, IReadOnlyList<WeightPiece> Down)
{
    /// <summary>All pieces.</summary>
    public IEnumerable<WeightPiece> All => [Router, .. GateUp, .. Down];
}
