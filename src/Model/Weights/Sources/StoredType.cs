namespace AkkaCp.Model.Weights.Sources;

/// <summary>What a model's files hold of one type.</summary>
/// <param name="Name">The type, in the format's own word.</param>
/// <param name="Bytes">Bytes of all tensors of this type.</param>
/// <param name="IsQuantised">Whether values are made of codes and scales.</param>
/// <param name="Places">What these tensors are, each once for all layers and experts, such as mlp.experts.up_proj.</param>
public sealed record StoredType(string Name, long Bytes, bool IsQuantised, IReadOnlyList<string> Places);
