namespace AkkaCp.Npu.Cpu.Elementwise;

/// <summary>y = x in y's type: copied, widened exactly, or rounded to nearest even.</summary>
internal static unsafe class CopyRow
{
    /// <summary>One row of <paramref name="count"/> elements.</summary>
    public static void Convert(byte* x, DType xType, byte* y, DType yType, int count)
    {
        if (xType == yType)
            new ReadOnlySpan<byte>(x, count * xType.Bytes()).CopyTo(new Span<byte>(y, count * yType.Bytes()));
        else if (yType == DType.F32)
            Cast.ToF32((ushort*)x, (float*)y, count);
        else
            Cast.ToBF16((float*)x, (ushort*)y, count);
    }
}
