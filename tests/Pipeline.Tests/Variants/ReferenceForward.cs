namespace AkkaCp.Pipeline.Tests.Variants;

/// <summary>What <see cref="ReferenceModel.Forward"/> computes for a prompt of T tokens.</summary>
/// <param name="Logits">[T][V].</param>
/// <param name="Hidden">[layers + 1][T][H]: the embeddings, then the residual stream behind each layer.</param>
/// <param name="Routes">[layers][T][k] experts, most probable first; empty for dense layers.</param>
/// <param name="RouteWeights">[layers][T][k].</param>
/// <param name="RouterGap">The smallest distance between the last probability taken and the first one left, over all rows: when it is
/// near the rounding of F32, another expert is a right answer too.</param>
internal sealed record ReferenceForward(
    double[][] Logits, IReadOnlyList<double[][]> Hidden, IReadOnlyList<int[][]> Routes, IReadOnlyList<double[][]> RouteWeights,
    double RouterGap);
