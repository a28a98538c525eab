namespace AkkaCp.Npu;

/// <summary>Element type of a tensor.</summary>
public enum DType
{
    /// <summary>IEEE binary32, 4 bytes.</summary>
    F32,

    /// <summary>bfloat16, 2 bytes: the upper half of an F32, kept as <see cref="ushort"/>.</summary>
    BF16,
}

/// <summary>Sizes of <see cref="DType"/>.</summary>
public static class DTypes
{
    /// <summary>Bytes of one element.</summary>
    public static int Bytes(this DType dtype) => dtype == DType.F32 ? 4 : 2;
}
