namespace AkkaCp.Model.Weights.Sources;

/// <summary>What a model's files hold of one type.</summary>
/// <param name="Name">The type, in the format's own word.</param>
/// <param name="Bytes">Bytes of all tensors of this type.</param>
public sealed record StoredType(string Name, long Bytes);
