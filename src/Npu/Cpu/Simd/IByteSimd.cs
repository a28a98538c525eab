namespace AkkaCp.Npu.Cpu.Simd;

/// <summary>
/// What products of bytes are written in, once, for every width. A lane is a 32-bit sum, or four bytes, or two 16-bit integers: bytes
/// 0 and 2 ("even") or 1 and 3 ("odd") widened. All of it is exact.
/// </summary>
/// <typeparam name="TVector">The vector of 32-bit lanes.</typeparam>
internal interface IByteSimd<TVector>
    where TVector : struct
{
    /// <summary>Lanes.</summary>
    static abstract int Count { get; }

    /// <summary>Reads Count lanes, unaligned.</summary>
    static abstract unsafe TVector Load(int* source);

    /// <summary>Writes Count lanes, unaligned.</summary>
    static abstract unsafe void Store(TVector value, int* destination);

    /// <summary>The same word in all lanes.</summary>
    static abstract TVector Create(int word);

    /// <summary>Signed bytes 0 and 2.</summary>
    static abstract TVector EvenSigned(TVector bytes);

    /// <summary>Signed bytes 1 and 3.</summary>
    static abstract TVector OddSigned(TVector bytes);

    /// <summary>Unsigned bytes 0 and 2.</summary>
    static abstract TVector EvenUnsigned(TVector bytes);

    /// <summary>Unsigned bytes 1 and 3.</summary>
    static abstract TVector OddUnsigned(TVector bytes);

    /// <summary>sum + a₀·b₀ + a₁·b₁ of the two 16-bit integers in each lane.</summary>
    static abstract TVector AddPairs(TVector sum, TVector a, TVector b);
}
