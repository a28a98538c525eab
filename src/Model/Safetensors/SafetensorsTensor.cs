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

#pragma warning disable CA1707 // The names are the format's own.
/// <summary>
/// Element types of the safetensors format, by their names in its header; readable as numbers are F32, F16 and BF16.
/// </summary>
public enum SafetensorsDType
{
    /// <summary>One byte, 0 or 1.</summary>
    BOOL,

    /// <summary>Unsigned, 1 byte.</summary>
    U8,

    /// <summary>Signed, 1 byte.</summary>
    I8,

    /// <summary>Float, 1 byte, 5 exponent bits.</summary>
    F8_E5M2,

    /// <summary>Float, 1 byte, 4 exponent bits.</summary>
    F8_E4M3,

    /// <summary>Float, 1 byte, exponent only.</summary>
    F8_E8M0,

    /// <summary>Signed, 2 bytes.</summary>
    I16,

    /// <summary>Unsigned, 2 bytes.</summary>
    U16,

    /// <summary>IEEE binary16.</summary>
    F16,

    /// <summary>The upper half of an F32.</summary>
    BF16,

    /// <summary>Signed, 4 bytes.</summary>
    I32,

    /// <summary>Unsigned, 4 bytes.</summary>
    U32,

    /// <summary>IEEE binary32.</summary>
    F32,

    /// <summary>IEEE binary64.</summary>
    F64,

    /// <summary>Signed, 8 bytes.</summary>
    I64,

    /// <summary>Unsigned, 8 bytes.</summary>
    U64,

    /// <summary>Two F32.</summary>
    C64,
}
#pragma warning restore CA1707

/// <summary>Sizes of <see cref="SafetensorsDType"/>.</summary>
public static class SafetensorsDTypes
{
    /// <summary>Bytes of one element.</summary>
    public static int Bytes(this SafetensorsDType dtype) => dtype switch
    {
        <= SafetensorsDType.F8_E8M0 => 1,
        <= SafetensorsDType.BF16 => 2,
        <= SafetensorsDType.F32 => 4,
        _ => 8,
    };
}
