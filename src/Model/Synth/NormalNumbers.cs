using System.Text;

namespace AkkaCp.Model.Synth;

/// <summary>
/// Normally distributed numbers as a pure function of (seed, tensor name, element number), so that a model comes out the same
/// whatever the number of threads and layers. Sixteen random bits choose one of 65 536 equally likely quantiles: a table look-up,
/// because a model of full size has 3·10¹⁰ elements.
/// </summary>
internal sealed class NormalNumbers
{
    /// <summary>Elements of one block; each is seeded anew.</summary>
    public const int BlockElements = 1 << 18;

    private const int QuantileCount = 1 << 16;
    private const int PerWord = 4;
    private const ulong Step64 = 0x9E37_79B9_7F4A_7C15UL;

    private static readonly float[] s_quantiles = BuildQuantiles();

    private readonly ulong _seed;

    /// <summary>The numbers of one tensor.</summary>
    public NormalNumbers(int seed, string tensor)
    {
        // FNV-1a over the name, then mixed with the seed.
        var hash = Encoding.UTF8.GetBytes(tensor)
            .Aggregate(0xCBF2_9CE4_8422_2325UL, (sum, value) => (sum ^ value) * 0x0000_0100_0000_01B3UL);
        _seed = Mix(hash ^ Mix((uint)seed));
    }

    /// <summary>destination[i] = mean + deviation · normal number of element first + i; first is a multiple of 4.</summary>
    public void Fill(long first, Span<float> destination, float mean, float deviation)
    {
        while (!destination.IsEmpty)
        {
            var (block, inside) = Math.DivRem(first, BlockElements);
            var count = (int)Math.Min(destination.Length, BlockElements - inside);
            FillInside(Mix(_seed + (ulong)block) + ((ulong)inside / PerWord * Step64), destination[..count], mean, deviation);
            destination = destination[count..];
            first += count;
        }
    }

    private static void FillInside(ulong state, Span<float> destination, float mean, float deviation)
    {
        for (var i = 0; i < destination.Length; i += PerWord)
        {
            state += Step64;
            var word = Mix(state);
            foreach (ref var element in destination.Slice(i, Math.Min(PerWord, destination.Length - i)))
            {
                element = mean + (deviation * s_quantiles[word & (QuantileCount - 1)]);
                word >>= 16;
            }
        }
    }

    // The finalizer of SplitMix64.
    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58_476D_1CE4_E5B9UL;
        value = (value ^ (value >> 27)) * 0x94D0_49BB_1331_11EBUL;
        return value ^ (value >> 31);
    }

    // Walks the density from the middle outwards: the step from one quantile to the next is 1 / (n · density), by the midpoint
    // rule.
    private static float[] BuildQuantiles()
    {
        var upper = new double[QuantileCount / 2];
        var x = 0.0;
        for (var i = 0; i < upper.Length; i++)
        {
            x += Step(x, i == 0 ? 0.5 : 1);
            upper[i] = x;
        }

        var scale = 1 / Math.Sqrt(upper.Average(value => value * value));
        var table = new float[QuantileCount];
        for (var i = 0; i < upper.Length; i++)
        {
            table[upper.Length + i] = (float)(upper[i] * scale);
            table[upper.Length - 1 - i] = -table[upper.Length + i];
        }

        return table;
    }

    private static double Step(double x, double share)
    {
        var first = share / (QuantileCount * Density(x));
        return share / (QuantileCount * Density(x + (first / 2)));
    }

    private static double Density(double x) => Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI);
}
