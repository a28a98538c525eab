using AkkaCp.Collectives.Topology;
using AkkaCp.Npu;
using Xunit;

namespace AkkaCp.Pipeline.Tests.Running;

/// <summary>The whole way from tokens to logits against a float64 reference of the same weights, at every layout.</summary>
public sealed class GoldenLogitsTests
{
    /// <summary>Float32 against float64, four layers; the reference's own bound for its float32 run.</summary>
    private const double Float32Tolerance = 1e-4;

    /// <summary>With BF16 weights and K/V near-ties of the router may flip, so single logits jump; the middle one does not.</summary>
    private const double BFloat16MedianTolerance = 5e-2;

    public static TheoryData<int, int, int, int> LayoutRows => Layouts.Rows;

    [Theory]
    [MemberData(nameof(LayoutRows))]
    public async Task Float32_IsTheReferenceWithinRounding(int tp, int attnCp, int moeDp, int ep)
    {
        foreach (var file in new[] { "f32", "bf16" })
        {
            var golden = new GoldenModel(file);
            await using var world = new RankWorld(golden.Directory, new RankTopology(tp, attnCp, moeDp, ep), DType.F32);
            foreach (var length in GoldenModel.Lengths)
            {
                var logits = (await world.LogitsAsync([golden.Tokens(length)], chunk: 0))[0];
                var differences = Differences(golden.Logits(length), logits);
                Assert.True(differences[^1] <= Float32Tolerance,
                    $"{file}, {length} tokens: largest difference {differences[^1]:e2}, allowed {Float32Tolerance:e0}");
            }

            Assert.Empty(world.Leaks);
        }
    }

    [Theory]
    [InlineData(1, 1, 1, 1)]
    [InlineData(4, 2, 2, 1)]
    public async Task BFloat16_IsNearTheReferenceInTheMiddle(int tp, int attnCp, int moeDp, int ep)
    {
        foreach (var file in new[] { "f32", "bf16" })
        {
            var golden = new GoldenModel(file);
            await using var world = new RankWorld(golden.Directory, new RankTopology(tp, attnCp, moeDp, ep), DType.BF16);
            foreach (var length in GoldenModel.Lengths)
            {
                var logits = (await world.LogitsAsync([golden.Tokens(length)], chunk: 0))[0];
                var differences = Differences(golden.Logits(length), logits);
                Assert.True(differences[differences.Length / 2] <= BFloat16MedianTolerance,
                    $"{file}, {length} tokens: median difference {differences[differences.Length / 2]:e2}");
            }
        }
    }

    private static double[] Differences(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        var differences = new double[expected.Length];
        for (var i = 0; i < differences.Length; i++)
            differences[i] = Math.Abs((double)expected[i] - actual[i]);

        Array.Sort(differences);
        Assert.False(double.IsNaN(differences[0]), "a logit is NaN");
        return differences;
    }
}
