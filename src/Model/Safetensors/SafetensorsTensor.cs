using AkkaCp.Model.Weights.Sources;

namespace AkkaCp.Model.Safetensors;

/// <summary>One entry of a safetensors header.</summary>
/// <param name="Name">Tensor name.</param>
/// <param name="File">Path of the file.</param>
/// <param name="DType">Element type.</param>
/// <param name="Shape">Dimensions; none = a single number; zeros are allowed.</param>
/// <param name="Begin">First byte, counted from the end of the header.</param>
/// <param name="End">The byte behind the last one.</param>
public sealed record SafetensorsTensor(string Name, string File, SafetensorsDType DType, IReadOnlyList<long> Shape, long Begin, long End)
    : WeightTensor(Name, File, SafetensorsDTypes.TypeOf(DType), Shape);

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

/// <summary>What <see cref="SafetensorsDType"/> means.</summary>
public static class SafetensorsDTypes
{
    /// <summary>Types that are read as floats, for messages.</summary>
    internal const string Readable = "F32, F16 or BF16";

    private static readonly WeightType[] s_types = [.. Enum.GetValues<SafetensorsDType>().Select(dtype => new WeightType(
        dtype.ToString(),
        dtype.Bytes(),
        dtype is SafetensorsDType.F32 or SafetensorsDType.F16 or SafetensorsDType.BF16,
        dtype switch { SafetensorsDType.F32 => Npu.DType.F32, SafetensorsDType.BF16 => Npu.DType.BF16, _ => null }))];

    /// <summary>Bytes of one element.</summary>
    public static int Bytes(this SafetensorsDType dtype) => dtype switch
    {
        <= SafetensorsDType.F8_E8M0 => 1,
        <= SafetensorsDType.BF16 => 2,
        <= SafetensorsDType.F32 => 4,
        _ => 8,
    };

    /// <summary>The same for readers of any format.</summary>
    internal static WeightType TypeOf(SafetensorsDType dtype) => s_types[(int)dtype];
}
