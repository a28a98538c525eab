using AkkaCp.Npu;

namespace AkkaCp.Model.Weights.Sources;

/// <summary>One tensor of an <see cref="IWeightSource"/>. It is seen as [Rows, Columns], all dimensions but the last together.</summary>
/// <param name="Name">Its name, as in Hugging Face's files.</param>
/// <param name="File">Path of the file that holds it.</param>
/// <param name="Type">Element type.</param>
/// <param name="Shape">Dimensions; none = a single number; zeros are allowed.</param>
public record WeightTensor(string Name, string File, WeightType Type, IReadOnlyList<long> Shape)
{
    /// <summary>The last dimension; 1 for a single number.</summary>
    public long Columns => Shape.Count == 0 ? 1 : Shape[^1];

    /// <summary>The product of all dimensions but the last: a vector is one row.</summary>
    public long Rows => Shape.SkipLast(1).Aggregate(1L, (product, dimension) => product * dimension);

    /// <summary>Whether its values are made of codes and scales.</summary>
    public virtual bool IsQuantised => Type.BlockElements > 1;

    /// <summary>Bytes that it takes in the files.</summary>
    public virtual long StoredBytes => Rows * Type.BytesOf(0, Columns);

    /// <summary>Bytes of a row that are hashed when its codes and scales are read.</summary>
    /// <param name="first">First element.</param>
    /// <param name="count">Elements.</param>
    public virtual long PackedBytesOf(long first, int count) => Type.BytesOf(first, count);

    /// <summary>The shape as [a, b], for messages.</summary>
    public string ShapeText => $"[{string.Join(", ", Shape)}]";
}

/// <summary>
/// How the elements of a tensor lie in a file: in blocks, which are single elements where a type is not quantised. Those of a matrix that
/// several tensors make up are its values, as they are read.
/// </summary>
/// <param name="Name">The format's own word.</param>
/// <param name="BlockBytes">Bytes of one block.</param>
/// <param name="IsReadable">Whether the elements can be read as floats.</param>
/// <param name="InMemory">The type in memory that has the same bytes; null when none has.</param>
/// <param name="BlockElements">Elements of one block; rows are whole blocks.</param>
/// <param name="Packed">The type of packed matrices that keeps codes and scales as they are, unless its numbers are in the way; null when
/// none does.</param>
public sealed record WeightType(
    string Name, int BlockBytes, bool IsReadable, DType? InMemory = null, int BlockElements = 1, DType? Packed = null)
{
    /// <summary>Bytes of the blocks that have these elements of a row.</summary>
    /// <param name="first">First element.</param>
    /// <param name="count">Elements.</param>
    public long BytesOf(long first, long count) =>
        (((first + count + BlockElements - 1) / BlockElements) - (first / BlockElements)) * BlockBytes;
}
