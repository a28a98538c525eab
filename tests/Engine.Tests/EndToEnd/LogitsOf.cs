using System.Runtime.InteropServices;
using Xunit;

namespace AkkaCp.Engine.Tests.EndToEnd;

/// <summary>All logits of a sequence.</summary>
internal static class LogitsOf
{
    /// <returns>[T, vocabulary].</returns>
    public static async Task<float[]> AllAsync(InferenceEngine engine, IReadOnlyList<int> tokens)
    {
        var logits = new float[tokens.Count * engine.VocabSize];
        var seen = new int[tokens.Count];
        await engine.LogitsAsync(
            tokens,
            (position, row) =>
            {
                row.CopyTo(logits.AsSpan(position * engine.VocabSize));
                Interlocked.Increment(ref seen[position]);
            },
            cancellationToken: TestContext.Current.CancellationToken);
        Assert.All(seen, count => Assert.Equal(1, count));
        return logits;
    }

    public static bool HaveSameBits(float[] left, float[] right) =>
        MemoryMarshal.AsBytes(left.AsSpan()).SequenceEqual(MemoryMarshal.AsBytes(right.AsSpan()));
}
