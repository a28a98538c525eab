namespace AkkaCp.Model.Sampling;

/// <summary>
/// Random numbers as a pure function of (seed, position): the number at <c>position</c> of the SplitMix64 sequence (Steele, Lea,
/// Flood 2014) that starts at the mixed seed. A request that is resumed elsewhere draws what it would have drawn.
/// </summary>
internal static class CounterRandom
{
    private const ulong GoldenGamma = 0x9E3779B97F4A7C15;

    /// <summary>A number in [0, 1) with 53 random bits.</summary>
    public static double NextUnit(ulong seed, long position)
    {
        // The seed is mixed first: seeds s and s + gamma would else give one sequence, shifted by a step.
        var bits = Mix(Mix(seed + GoldenGamma) + unchecked((ulong)position + 1) * GoldenGamma);
        return (bits >> 11) * (1.0 / (1UL << 53));
    }

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
