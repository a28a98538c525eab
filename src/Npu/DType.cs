namespace AkkaCp.Npu;

/// <summary>
/// Element type of a tensor or of packed weights. The types behind <see cref="BF16"/> are those of a <see cref="PackedMatrix"/> only, no
/// tensor has them; what those behind <see cref="F8"/> hold says their <see cref="GroupFormat"/>.
/// </summary>
public enum DType
{
    /// <summary>IEEE binary32, 4 bytes.</summary>
    F32,

    /// <summary>bfloat16, 2 bytes: the upper half of an F32, kept as <see cref="ushort"/>.</summary>
    BF16,

    /// <summary>
    /// Signed 8-bit integers with one F32 scale for each output. Products quantise their activations row by row (W8A8, see
    /// <see cref="INpuDevice.MatMul"/>).
    /// </summary>
    I8,

    /// <summary>
    /// OCP's e4m3 (fn), one byte, with an F32 scale of each output for each 128 inputs, counted from the first one. Products are those
    /// of <see cref="BF16"/> weights, which hold all its values.
    /// </summary>
    F8,

    /// <summary>d·q, q of -128 to 127, a d for each 32 inputs (GGUF's Q8_0).</summary>
    Q8,

    /// <summary>d·(q - 8), q of 4 bits, a d for each 32 inputs (GGUF's Q4_0).</summary>
    Q4,

    /// <summary>d·q + m, q of 4 bits, a d and an m for each 32 inputs (GGUF's Q4_1).</summary>
    Q4M,

    /// <summary>d·(q - 16), q of 5 bits, a d for each 32 inputs (GGUF's Q5_0).</summary>
    Q5,

    /// <summary>d·q + m, q of 5 bits, a d and an m for each 32 inputs (GGUF's Q5_1).</summary>
    Q5M,

    /// <summary>d·(q - z), q of 4 bits, a d and a z for each 32 inputs (AWQ, GPTQ, compressed-tensors).</summary>
    Q4Z32,

    /// <summary>As <see cref="Q4Z32"/>, a d and a z for each 128 inputs.</summary>
    Q4Z128,

    /// <summary>As <see cref="Q4Z32"/>, q of 8 bits.</summary>
    Q8Z32,

    /// <summary>As <see cref="Q4Z128"/>, q of 8 bits.</summary>
    Q8Z128,

    /// <summary>d·T[q], q of 4 bits, a d for each 32 inputs, T the table of GGUF's IQ4_NL.</summary>
    IQ4,

    /// <summary>d·F[q], q of 4 bits, a d for each 32 inputs, F twice the values of OCP's FP4 (GGUF's MXFP4).</summary>
    MX4,

    /// <summary>d·s·q - dmin·m, q of 4 bits, a d and a dmin for each 256 inputs, an s and an m for each 32 (GGUF's Q4_K).</summary>
    Q4K,

    /// <summary>As <see cref="Q4K"/>, q of 5 bits (GGUF's Q5_K).</summary>
    Q5K,

    /// <summary>d·s·(q - 32), q of 6 bits, a d for each 256 inputs, a signed s for each 16 (GGUF's Q6_K).</summary>
    Q6K,

    /// <summary>d·s·q - dmin·m, q of 2 bits kept in 4, a d and a dmin for 256 inputs, an s and an m for 16 (GGUF's Q2_K).</summary>
    Q2K,

    /// <summary>d·s·(q - 4), q of 3 bits kept in 4, a d for each 256 inputs, a signed s for each 16 (GGUF's Q3_K).</summary>
    Q3K,

    /// <summary>d·s·T[q] as <see cref="IQ4"/>, a d for each 256 inputs, a signed s for each 32 (GGUF's IQ4_XS).</summary>
    IQ4K,
}

/// <summary>Sizes of <see cref="DType"/>.</summary>
public static class DTypes
{
    /// <summary>Inputs of an output that share a scale in <see cref="DType.F8"/>.</summary>
    public const int F8Inputs = 128;

    /// <summary>Bytes of one element of a tensor, or of I8 and F8 without their scales.</summary>
    /// <exception cref="ArgumentException">A type that keeps its weights in groups: see <see cref="GroupFormat"/>.</exception>
    public static int Bytes(this DType dtype) => dtype switch
    {
        DType.F32 => 4,
        DType.BF16 => 2,
        DType.I8 or DType.F8 => 1,
        _ => throw new ArgumentException($"{dtype} has no bytes of one element.", nameof(dtype)),
    };

    /// <summary>F32 scales that an output has beside its one-byte codes.</summary>
    /// <param name="dtype">I8 or F8.</param>
    /// <param name="k">Inputs.</param>
    public static int ScalesOf(this DType dtype, int k) => dtype == DType.I8 ? 1 : (k + F8Inputs - 1) / F8Inputs;
}
