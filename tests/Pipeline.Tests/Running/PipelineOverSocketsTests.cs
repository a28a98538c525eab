using AkkaCp.Collectives.Calls;
using AkkaCp.Collectives.Tests;
using AkkaCp.Collectives.Topology;
using AkkaCp.Model.Weights;
using AkkaCp.Npu;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Pipeline.Tests.Running;

/// <summary>Whole pipelines, their ranks in several processes: the logits of one process, bit for bit.</summary>
public sealed class PipelineOverSocketsTests
{
    private const int Vocabulary = 509;

    /// <summary>tp, attn_cp, moe_dp, ep, and the process of each rank.</summary>
    public static TheoryData<int, int, int, int, string> Rows => new()
    {
        { 2, 2, 2, 1, "0,1" },
        { 2, 1, 1, 2, "0,1" },
        { 4, 2, 2, 1, "0,1,2,3" },
        { 4, 2, 1, 4, "0,1,0,1" },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public Task Logits_AreThoseOfOneProcess(int tp, int attnCp, int moeDp, int ep, string layout) =>
        RequireSameBitsAsync(RepositoryFiles.DemoModel, DType.BF16, new RankTopology(tp, attnCp, moeDp, ep), layout);

    [Theory]
    [InlineData("q4_k_m.gguf", 2, "0,1")]
    [InlineData("q8_0.gguf", 3, "0,1,1")]
    public Task LogitsOverGroups_AreThoseOfOneProcess(string file, int attnCp, string layout)
    {
        var path = GgufModels.PathOf(file);
        return RequireSameBitsAsync(path, TypesOf.File(path), new RankTopology(attnCp, attnCp, attnCp), layout);
    }

    private static async Task RequireSameBitsAsync(string model, MatrixTypes types, RankTopology topology, string layout)
    {
        int[][] prompts = [Prompt(150, 1), Prompt(9, 2)];
        await using var local = new RankWorld(model, topology, types);
        await using var meshes = await TestMeshes.ConnectAsync(topology, [.. layout.Split(',').Select(int.Parse)]);
        await using var remote = new RankWorld(model, topology, types, new RankWorldOptions
        {
            Groups = (_, rank) => new RankGroups(
                meshes.Group(GroupKind.AttnTp, rank), meshes.Group(GroupKind.AttnCp, rank), meshes.Group(GroupKind.Moe, rank)),
        });

        var expected = await local.LogitsAsync(prompts, chunk: 64);
        var found = await remote.LogitsAsync(prompts, chunk: 64);

        for (var i = 0; i < prompts.Length; i++)
            Assert.Equal(expected[i].Select(BitConverter.SingleToUInt32Bits), found[i].Select(BitConverter.SingleToUInt32Bits));
    }

    private static int[] Prompt(int length, ulong seed)
    {
        var random = new Rng(seed);
        return [.. Enumerable.Range(0, length).Select(_ => random.Next(Vocabulary))];
    }
}
