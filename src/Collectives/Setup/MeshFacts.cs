namespace AkkaCp.Collectives.Setup;

/// <summary>What all ranks must have in common for their results to mean the same; compared when a connection is made. The layout and
/// the protocol's version are compared too.</summary>
/// <param name="ModelHash">Of the model's files and the shapes of its weights.</param>
/// <param name="Numerics">Id of the kernels' order of operations; different kernels with the same id give the same bits.</param>
/// <param name="DType">Type of the weights and the KV cache.</param>
public sealed record MeshFacts(string ModelHash, string Numerics, string DType);
