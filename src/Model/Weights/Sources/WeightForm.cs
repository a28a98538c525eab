using AkkaCp.Npu;

namespace AkkaCp.Model.Weights.Sources;

/// <summary>What quantised tensors of one stored type become in memory.</summary>
/// <param name="Stored">Their type, in the format's own word.</param>
/// <param name="InMemory">Their type in memory.</param>
/// <param name="Bytes">Bytes in memory, equal pieces of ranks counted once; a packed layout's padding is not counted.</param>
/// <param name="Reason">Why they do not keep codes and scales; null for those that do.</param>
/// <param name="Places">What these tensors are, each once for all layers and experts.</param>
public sealed record WeightForm(string Stored, DType InMemory, long Bytes, string? Reason, IReadOnlyList<string> Places);
