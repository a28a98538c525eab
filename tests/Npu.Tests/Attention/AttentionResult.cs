using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Npu.Tests.Attention;

/// <summary>What the operator wrote, by request, row and head, whatever the layout was.</summary>
internal sealed class AttentionResult(AttentionCase c)
{
    private readonly Dictionary<(int B, int I, int H), (float[] Output, float Lse)> _rows = [];

    public float[] Output(int b, int i, int h) => _rows[(b, i, h)].Output;

    public float Lse(int b, int i, int h) => _rows[(b, i, h)].Lse;

    public void Set(int b, int i, int h, ReadOnlySpan<float> output, float lse) => _rows.Add((b, i, h), (output.ToArray(), lse));

    /// <summary>Each row is near the formula in float64: relative to the largest value,
    /// and for lse to its own magnitude or by its own tolerance.</summary>
    public void AssertNear(Func<int, int, int[]> visible, double tolerance, double? lseTolerance = null)
    {
        foreach (var ((b, i, h), (output, lse)) in _rows)
        {
            var d = c.D;
            var kvHead = h / (c.Heads / c.KvHeads);
            var (expected, expectedLse) = AttentionReference.Row(
                c.Queries[b].AsSpan(((i * c.Heads) + h) * d, d),
                k => c.Keys[b].AsSpan(((k * c.KvHeads) + kvHead) * d, d),
                k => c.Values[b].AsSpan(((k * c.KvHeads) + kvHead) * d, d),
                visible(b, i), c.Scale);
            var largest = c.Values[b].Length == 0 ? 0 : c.Values[b].Max(Math.Abs);
            for (var j = 0; j < d; j++)
            {
                Assert.True(Math.Abs(output[j] - expected[j]) <= tolerance * largest,
                    $"request {b}, row {i}, head {h}, lane {j}: {output[j]} instead of {expected[j]}");
            }

            if (double.IsInfinity(expectedLse))
            {
                Assert.Equal(float.PositiveInfinity, lse);
            }
            else
            {
                Assert.True(Math.Abs(lse - expectedLse) <= (lseTolerance ?? tolerance) * Math.Max(1, Math.Abs(expectedLse)),
                    $"request {b}, row {i}, head {h}: lse {lse} instead of {expectedLse}");
            }
        }
    }

    /// <summary>Row i of request b here has the bits of row otherI of request otherB there, for every head.</summary>
    public void AssertSameRow(int b, int i, AttentionResult other, int otherB, int otherI, string what)
    {
        for (var h = 0; h < c.Heads; h++)
        {
            var (mine, its) = (_rows[(b, i, h)], other._rows[(otherB, otherI, h)]);
            Assert.True(BitConverter.SingleToInt32Bits(mine.Lse) == BitConverter.SingleToInt32Bits(its.Lse),
                $"{what}: request {b}, row {i}, head {h}: lse {mine.Lse:R} and {its.Lse:R}");
            for (var j = 0; j < c.D; j++)
            {
                Assert.True(BitConverter.SingleToInt32Bits(mine.Output[j]) == BitConverter.SingleToInt32Bits(its.Output[j]),
                    $"{what}: request {b}, row {i}, head {h}, lane {j}: {mine.Output[j]:R} and {its.Output[j]:R}");
            }
        }
    }

    /// <summary>All rows have the other's bits.</summary>
    public void AssertSame(AttentionResult other, string what)
    {
        Assert.Equal(_rows.Count, other._rows.Count);
        foreach (var (b, i) in _rows.Keys.Select(key => (key.B, key.I)).Distinct())
            AssertSameRow(b, i, other, b, i, what);
    }
}
