using AkkaCp.Collectives.Topology;
using AkkaCp.Model.Configuration;
using AkkaCp.Npu;
using AkkaCp.Pipeline.Tests.Running;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Pipeline.Tests.Variants;

/// <summary>Every kind of model in the family, at layouts that split heads, rows, experts and their columns, against float64.</summary>
public sealed class ModelVariantTests
{
    /// <summary>Float32 against float64 over up to four layers, logits up to about 5.</summary>
    private const double Tolerance = 1e-4;

    /// <summary>Below this distance of two router probabilities F32 may rightly choose the other expert.</summary>
    private const double UndecidedGap = 2e-6;

    private const int Chunk = 13;

    private static readonly int[] s_lengths = [1, 5, 37, 70];

    private static readonly RankTopology[] s_layouts =
        [new(1, 1, 1, 1), new(2, 2, 2, 1), new(2, 2, 1, 2), new(4, 2, 2, 1), new(4, 4, 1, 1), new(4, 1, 1, 4)];

    public static TheoryData<string> Variants => [.. ModelVariant.All.Select(variant => variant.Name)];

    [Theory]
    [MemberData(nameof(Variants))]
    public async Task Variant_IsTheReferenceAtEveryLayout(string name)
    {
        using var model = new VariantModel(ModelVariant.All.Single(variant => variant.Name == name));
        var config = ModelConfig.Load(model.Directory);
        var prompts = s_lengths.Select(length => Prompt(length, config.VocabSize)).ToArray();
        var expected = Reference(model.Directory, prompts);
        var layouts = s_layouts.Where(layout => layout.ShardOf(0).Problems(config).Count == 0).ToList();
        Assert.True(layouts.Count >= 4, $"{name}: only {layouts.Count} layouts are legal");
        foreach (var layout in layouts)
        {
            await using var world = new RankWorld(model.Directory, layout, DType.F32);
            for (var i = 0; i < prompts.Length; i++)
            {
                AssertNear(
                    expected[i], (await world.LogitsAsync([prompts[i]], chunk: 0))[0], $"{layout}, {prompts[i].Length} tokens alone");
            }

            var together = await world.LogitsAsync(prompts, Chunk);
            for (var i = 0; i < prompts.Length; i++)
                AssertNear(expected[i], together[i], $"{layout}, {prompts[i].Length} tokens in chunks among others");

            Assert.Empty(world.Leaks);
        }
    }

    [Theory]
    [InlineData("seven experts, three per token", 2, 2, 1, 2, "num_experts (7) must be a multiple of moe_ep (2)")]
    [InlineData("head_dim above hidden / heads", 8, 1, 1, 8, "num_attention_heads (4) must be a multiple of attn_tp (8)")]
    [InlineData("vocabulary of five", 8, 1, 1, 8, "vocab_size (5) must be at least attn_tp (8)")]
    [InlineData("no experts", 3, 3, 1, 3, "intermediate_size (40) must be a multiple of moe_ep · moe_tp (3)")]
    public void LayoutThatDoesNotFitTheModel_IsRefusedWithItsReason(string name, int tp, int attnCp, int moeDp, int ep, string reason)
    {
        using var model = new VariantModel(ModelVariant.All.Single(variant => variant.Name == name));
        var config = ModelConfig.Load(model.Directory);
        Assert.Contains(reason, new RankTopology(tp, attnCp, moeDp, ep).ShardOf(0).Problems(config));
    }

    private static double[][] Reference(string directory, int[][] prompts)
    {
        using var model = new ReferenceModel(directory);
        return
        [
            .. prompts.Select(prompt =>
            {
                var forward = model.Forward(prompt);
                Assert.True(forward.RouterGap > UndecidedGap,
                    $"the router nearly ties on {prompt.Length} tokens ({forward.RouterGap:e1}): choose another seed");
                return forward.Logits.SelectMany(row => row).ToArray();
            }),
        ];
    }

    private static int[] Prompt(int length, int vocabSize)
    {
        var random = new Rng((ulong)length);
        return [.. Enumerable.Range(0, length).Select(_ => random.Next(vocabSize))];
    }

    private static void AssertNear(double[] expected, float[] actual, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        var largest = 0.0;
        for (var i = 0; i < expected.Length; i++)
        {
            var difference = Math.Abs(expected[i] - actual[i]);
            Assert.False(double.IsNaN(difference), $"{what}: logit {i} is {actual[i]}");
            largest = Math.Max(largest, difference);
        }

        Assert.True(largest <= Tolerance, $"{what}: largest difference {largest:e2}, allowed {Tolerance:e0}");
    }
}
