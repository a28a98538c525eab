using System.Collections.Immutable;

namespace AkkaCp.Model.Weights;

/// <summary>A piece in memory.</summary>
/// <param name="Value">A PackedMatrix or a Tensor.</param>
/// <param name="Hashes">What was read from the files for it.</param>
internal sealed record LoadedPiece(IDisposable Value, ImmutableArray<WeightHash> Hashes);
