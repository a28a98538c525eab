using AkkaCp.Collectives.Topology;
using AkkaCp.Npu;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Pipeline.Tests.Running;

/// <summary>The stages with an attention of another shape: they know neither heads nor widths of the model's own.</summary>
public sealed class LatentAttentionTests
{
    // Split over the ranks, replicated, and dealt to one of them, together.
    private static readonly int[][] s_prompts = [.. new[] { 61, 3, 40, 1, 17 }.Select(Prompt)];

    [Theory]
    [InlineData(1, 7)]
    [InlineData(2, 0)]
    [InlineData(3, 7)]
    [InlineData(4, 0)]
    public async Task AnotherAttention_GivesTheSameBitsForEveryCpSizeAndChunk(int cp, int chunk)
    {
        await using var one = World(1);
        await using var world = World(cp);
        var actual = await world.LogitsAsync(s_prompts, chunk);
        Assert.Equal(await one.LogitsAsync(s_prompts, 0), actual);
        Assert.Empty(world.Leaks);
    }

    [Fact]
    public async Task ItsRow_IsWhatTravels()
    {
        await using var world = World(2);
        var results = await world.StepAsync(world.Script.Next(new PlanScript.Share(1, [.. Prompt(40)], Sample: true)));
        RankWorld.RequireNoFault(results);
        Assert.Equal(40 * 10 * sizeof(float) * world.Config.NumHiddenLayers, results.Sum(result => result.Stats.KvBytesGathered));
    }

    /// <summary>A row depends on the rows before it and on their order: the attention is one, and in use.</summary>
    [Fact]
    public async Task ARow_DependsOnWhatLiesBeforeIt()
    {
        await using var world = World(2);
        var first = (await world.LogitsAsync([[1, 2, 3, 4, 5, 6, 7, 8]], 0))[0];
        var other = (await world.LogitsAsync([[1, 3, 2, 4, 5, 6, 7, 9]], 0))[0];
        var size = world.Config.VocabSize;
        Assert.Equal(first[..size], other[..size]);
        Assert.NotEqual(first[(3 * size)..(4 * size)], other[(3 * size)..(4 * size)]);
    }

    private static RankWorld World(int cp) => new(
        RepositoryFiles.TinyModel("f32"), new RankTopology(cp, cp, cp), DType.F32,
        new RankWorldOptions { Row = LatentAttention.Kept, Attention = (setup, layer) => new LatentAttention(setup, layer) });

    private static int[] Prompt(int length) => [.. Enumerable.Range(0, length).Select(i => ((i * 37) + length) % 64)];
}
