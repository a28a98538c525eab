using AkkaCp.Collectives.Topology;
using AkkaCp.Npu;
using AkkaCp.Pipeline.Tests.Running;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Pipeline.Tests.Variants;

/// <summary>FP8 with a scale for each output, or one for a matrix: the golden is float64 over values that the test computes.</summary>
public class QuantizedVariantTests
{
    private const double Tolerance = 1e-4;
    private const double UndecidedGap = 2e-6;
    private const int Length = 37;

    private static readonly RankTopology[] s_layouts = [new(1, 1, 1, 1), new(2, 2, 1, 2), new(4, 2, 2, 1)];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Fp8_IsTheReferenceOverItsValues(bool isByOutput)
    {
        using var model = new QuantizedVariant(isByOutput);
        using var reference = new ReferenceModel(model.Plain32);
        var random = new Rng(Length);
        int[] prompt = [.. Enumerable.Range(0, Length).Select(_ => random.Next(96))];
        var golden = reference.Forward(prompt);
        Assert.True(golden.RouterGap > UndecidedGap, $"the router nearly ties ({golden.RouterGap:e1}): choose another prompt");
        var expected = golden.Logits.SelectMany(row => row).ToArray();
        foreach (var layout in s_layouts)
        {
            var found = await LogitsAsync(model.Fp8, layout, prompt);
            Assert.Equal(expected.Length, found.Length);
            var worst = expected.Zip(found, (a, b) => Math.Abs(a - b)).Max();
            Assert.True(worst <= Tolerance, $"{layout}: expected within {Tolerance}, found {worst}");

            // The same values are the same bits, wherever they come from.
            Assert.Equal(await LogitsAsync(model.Plain32, layout, prompt), found);
        }
    }

    private static async Task<float[]> LogitsAsync(string model, RankTopology layout, int[] prompt)
    {
        await using var world = new RankWorld(model, layout, DType.F32);
        return (await world.LogitsAsync([prompt], chunk: 0))[0];
    }
}
