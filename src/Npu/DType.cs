namespace AkkaCp.Npu;

/// <summary>Element type of a tensor or of packed weights.</summary>
public enum DType
{
    /// <summary>IEEE binary32, 4 bytes.</summary>
    F32,

    /// <summary>bfloat16, 2 bytes: the upper half of an F32, kept as <see cref="ushort"/>.</summary>
    BF16,

    /// <summary>
    /// Signed 8-bit integers with one F32 scale for each output: a type of <see cref="PackedMatrix"/> only, no tensor has it. Products
    /// quantise their activations row by row (W8A8, see <see cref="INpuDevice.MatMul"/>).
    /// </summary>
    I8,
}

/// <summary>Sizes of <see cref="DType"/>.</summary>
public static class DTypes
{
    /// <summary>Bytes of one element; of I8 without its scales.</summary>
    public static int Bytes(this DType dtype) => dtype switch { DType.F32 => 4, DType.BF16 => 2, _ => 1 };
}
