namespace AkkaCp.Npu.Cpu.Simd;

/// <summary>
/// The few vector operations that kernels are written in, once, for every width. Implemented by <see cref="Simd512"/>,
/// <see cref="Simd256"/>, <see cref="Simd128"/> and <see cref="SimdScalar"/>; the JIT turns each generic kernel into plain instructions of
/// one width. Every operation rounds as IEEE 754 says and multiply-add is always fused (also in software, where there is no FMA), so an
/// element's bits do not depend on the width that computed it.
/// </summary>
/// <typeparam name="TVector">The vector of floats.</typeparam>
internal interface ISimd<TVector>
    where TVector : struct
{
    /// <summary>Floats in a vector.</summary>
    static abstract int Count { get; }

    /// <summary>Reads Count floats, unaligned.</summary>
    static abstract unsafe TVector Load(float* source);

    /// <summary>Writes Count floats, unaligned.</summary>
    static abstract unsafe void Store(TVector value, float* destination);

    /// <summary>Reads Count BF16 values, widened.</summary>
    static abstract unsafe TVector LoadBF16(ushort* source);

    /// <summary>Of Count words that hold two BF16 values each: the value in the lower half, widened.</summary>
    static abstract unsafe TVector LoadLowBF16(uint* source);

    /// <summary>Of Count words that hold two BF16 values each: the value in the upper half, widened.</summary>
    static abstract unsafe TVector LoadHighBF16(uint* source);

    /// <summary>Writes Count values as BF16, rounded to nearest even; a NaN stays a NaN.</summary>
    static abstract unsafe void StoreBF16(TVector value, ushort* destination);

    /// <summary>The same number in all lanes.</summary>
    static abstract TVector Create(float value);

    /// <summary>a + b.</summary>
    static abstract TVector Add(TVector a, TVector b);

    /// <summary>a - b.</summary>
    static abstract TVector Subtract(TVector a, TVector b);

    /// <summary>a · b.</summary>
    static abstract TVector Multiply(TVector a, TVector b);

    /// <summary>a / b.</summary>
    static abstract TVector Divide(TVector a, TVector b);

    /// <summary>a · b + c, rounded once.</summary>
    static abstract TVector MultiplyAdd(TVector a, TVector b, TVector c);

    /// <summary>The larger of each pair, neither NaN nor the sign of zero defined.</summary>
    static abstract TVector Max(TVector a, TVector b);

    /// <summary>The largest lane; neither NaN nor the sign of zero defined.</summary>
    static abstract float MaxAcross(TVector value);

    /// <summary>The sum of the lanes: lane j and lane j + Count / 2 are added, and so on until one is left.</summary>
    static abstract float AddAcross(TVector value);

    /// <summary>e^x, see <see cref="VectorMath.Exp(float)"/>.</summary>
    static abstract TVector Exp(TVector x);
}
