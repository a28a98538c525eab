namespace AkkaCp.Model.Safetensors;

/// <summary>One entry of a safetensors header.</summary>
/// <param name="Name">Tensor name.</param>
/// <param name="DType">Element type.</param>
/// <param name="Shape">Dimensions; none = a single number; zeros are allowed.</param>
/// <param name="Begin">First byte, counted from the end of the header.</param>
/// <param name="End">The byte behind the last one.</param>
public sealed record SafetensorsTensor(string Name, SafetensorsDType DType, IReadOnlyList<long> Shape, long Begin, long End)
{
    /// <summary>The last dimension; 1 for a single number.</summary>
    public long Columns => Shape.Count == 0 ? 1 : Shape[^1];

    /// <summary>The product of all dimensions but the last: a vector is one row.</summary>
    public long Rows => Shape.SkipLast(1).Aggregate(1L, (product, dimension) => product * dimension);

    /// <summary>The shape as [a, b], for messages.</summary>
    public string ShapeText => $"[{string.Join(", ", Shape)}]";
}
