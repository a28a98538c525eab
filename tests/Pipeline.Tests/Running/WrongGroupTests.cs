using AkkaCp.Collectives.Calls;
using AkkaCp.Collectives.Topology;
using AkkaCp.Npu;
using AkkaCp.Pipeline.Steps;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Pipeline.Tests.Running;

/// <summary>
/// The classic mistake of context parallelism beside tensor parallelism: ATTN_TP taken for ATTN_CP. At tp 4, attn_cp 2 both groups have
/// two members and all row counts agree, so nothing but the purpose of a call tells them apart.
/// </summary>
public sealed class WrongGroupTests
{
    private static readonly RankTopology s_twoByTwo = new(4, 2, 2, 1);

    [Theory]
    [InlineData(0, 1, 2, 3)]
    [InlineData(0)]
    [InlineData(1, 2)]
    public async Task SwappedGroups_EndInANamedMismatchOnEveryRank(params int[] swapped)
    {
        await using var world = new RankWorld(RepositoryFiles.TinyModel("f32"), s_twoByTwo, DType.F32, new RankWorldOptions
        {
            Groups = (mesh, rank) =>
            {
                var (tp, cp) = (mesh.Group(GroupKind.AttnTp, rank), mesh.Group(GroupKind.AttnCp, rank));
                var moe = mesh.Group(GroupKind.Moe, rank);
                return swapped.Contains(rank) ? new RankGroups(AttnTp: cp, AttnCp: tp, moe) : new RankGroups(tp, cp, moe);
            },
        });
        var results = await world.StepAsync(world.Script.Next(
            new PlanScript.Share(1, [.. Enumerable.Range(0, 40)], Sample: true, AllLogits: true)));

        Assert.All(results, result => Assert.NotNull(result.Fault));
        Assert.All(results, result => Assert.Empty(result.Samples));
        Assert.All(swapped, rank => Assert.Equal(FaultKind.CollectiveMismatch, results[rank].Fault!.Kind));
        Assert.All(swapped, rank => Assert.Contains(
            "a group of kind ATTN_CP for KvGather", results[rank].Fault!.Message, StringComparison.Ordinal));
        Assert.All(results, result => Assert.True(
            result.Fault!.Kind is FaultKind.CollectiveMismatch or FaultKind.PeerAborted, $"{result.Fault}"));
        Assert.Empty(world.Leaks);
    }

    // Without context parallelism the first call that meets the wrong group is the reduction of o_proj.
    [Fact]
    public async Task SwappedGroupsWithoutGather_EndInAMismatchOfTheReduction()
    {
        await using var world = new RankWorld(RepositoryFiles.TinyModel("f32"), s_twoByTwo, DType.F32, new RankWorldOptions
        {
            Groups = (mesh, rank) => new RankGroups(
                AttnTp: mesh.Group(GroupKind.AttnCp, rank), AttnCp: mesh.Group(GroupKind.AttnTp, rank), mesh.Group(GroupKind.Moe, rank)),
        });
        var results = await world.StepAsync(world.Script.Next(new PlanScript.Share(1, [1, 2, 3], Sample: true)));

        Assert.All(results, result => Assert.Equal((FaultKind.CollectiveMismatch, "Concat", 0),
            (result.Fault!.Kind, result.Fault.Stage, result.Fault.Layer)));
        Assert.Empty(world.Leaks);
    }
}
