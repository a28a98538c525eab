using AkkaCp.Collectives.Topology;
using AkkaCp.Npu;
using AkkaCp.Pipeline.Partition;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Pipeline.Tests.Running;

/// <summary>How a request's rows lie on the CP ranks never shows in its bits: any mix of ways in one step, not only the policy's.</summary>
public sealed class PlacementTests
{
    private static readonly int[] s_lengths = [29, 6, 11, 1];

    [Theory]
    [InlineData(2, 2, 2, 1)]
    [InlineData(2, 2, 1, 2)]
    [InlineData(4, 2, 2, 1)]
    [InlineData(4, 4, 1, 1)]
    [InlineData(3, 3, 3, 1)]
    public async Task AnyMixOfWays_GivesTheBitsOfEachRequestAlone(int tp, int attnCp, int moeDp, int ep)
    {
        await using var world = new RankWorld(RepositoryFiles.TinyModel("f32"), new RankTopology(tp, attnCp, moeDp, ep), DType.F32);
        var prompts = s_lengths.Select(length => new Rng((ulong)length)).Zip(s_lengths, (random, length) =>
            Enumerable.Range(0, length).Select(_ => random.Next(world.Config.VocabSize)).ToArray()).ToArray();
        var expected = new List<float[]>();
        foreach (var prompt in prompts)
            expected.AddRange(await world.LogitsAsync([prompt], chunk: 0));

        var random = new Rng(5);
        for (var mix = 0; mix < 12; mix++)
        {
            var first = 1000 + (10 * mix);
            var plan = world.Script.Next([.. prompts.Select((prompt, i) =>
                new PlanScript.Share(first + i, [.. prompt], Sample: true, AllLogits: true))]);
            var placements = plan.Requests.Select(_ => Placement(random, attnCp)).ToArray();
            plan = plan with { Requests = [.. plan.Requests.Zip(placements, (request, p) => request with { Placement = p })] };
            var results = await world.StepAsync(plan);
            RankWorld.RequireNoFault(results);

            var what = string.Join(", ", placements);
            Assert.Equal(plan.Requests.Select(r => r.SequenceId), results.SelectMany(r => r.Samples).Select(s => s.SequenceId).Order());
            for (var i = 0; i < prompts.Length; i++)
            {
                Assert.True(world.Logits.Take(first + i, prompts[i].Length).SequenceEqual(expected[i]), $"request {i} of {what}");
                world.Script.Release(first + i);
            }
        }

        Assert.Empty(world.Leaks);
    }

    private static CpPlacement Placement(Rng random, int cpSize) => random.Next(3) switch
    {
        0 => new CpPlacement(PlacementKind.Split, 0),
        1 => new CpPlacement(PlacementKind.Dealt, random.Next(cpSize)),
        _ => new CpPlacement(PlacementKind.Replicated, random.Next(cpSize)),
    };
}
