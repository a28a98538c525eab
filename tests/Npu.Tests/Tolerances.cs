namespace AkkaCp.Npu.Tests;

/// <summary>How far F32 kernels may be from the double reference, with the reason for each number.</summary>
internal static class Tolerances
{
    /// <summary>One rounding of F32: 2^-24.</summary>
    public const double UnitRoundoff = 5.96e-8;

    /// <summary>Relative error of e^x: measured 1.1e-7 (polynomial, reduction and final product each round once); a quarter more.</summary>
    public const double Exp = 1.4e-7;

    /// <summary>Rms norm: 8 roundings (square root, division, two products) and a sum whose error shrinks with 32 chains.</summary>
    public const double RmsNorm = 1e-6;

    /// <summary>Two products and one sum, relative to the larger input.</summary>
    public const double RotaryMul = 4 * UnitRoundoff;

    /// <summary>e^x, sum, division, product, relative to the result.</summary>
    public const double Swiglu = 5e-7;

    /// <summary>A sum of K products, each term's error at most K roundings of Σ|x·w|; the chain's real error grows with √K.</summary>
    public static double MatMul(int k) => (4 + (2 * Math.Sqrt(k))) * UnitRoundoff;
}
