namespace AkkaCp.Testing;

/// <summary>Numbers that are the same on every machine and in every run: xorshift64* from a seed.</summary>
public sealed class Rng(ulong seed)
{
    private ulong _state = (seed * 0x9E3779B97F4A7C15UL) | 1;

    /// <summary>Uniform in [0, bound).</summary>
    public int Next(int bound) => (int)(NextBits() % (ulong)bound);

    /// <summary>Uniform in [low, high).</summary>
    public int Next(int low, int high) => low + Next(high - low);

    /// <summary>Uniform in [-scale, scale), a multiple of scale / 2^23.</summary>
    public float NextFloat(float scale = 1f) => (((int)(NextBits() >> 40) & 0xFFFFFF) - 0x800000) / (float)0x800000 * scale;

    /// <summary>Fills a span with <see cref="NextFloat"/>.</summary>
    public void Fill(Span<float> values, float scale = 1f)
    {
        foreach (ref var value in values)
            value = NextFloat(scale);
    }

    /// <summary>An array of <see cref="NextFloat"/>.</summary>
    public float[] Floats(int count, float scale = 1f)
    {
        var values = new float[count];
        Fill(values, scale);
        return values;
    }

    private ulong NextBits()
    {
        _state ^= _state >> 12;
        _state ^= _state << 25;
        _state ^= _state >> 27;
        return _state * 0x2545F4914F6CDD1DUL;
    }
}
