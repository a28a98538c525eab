using Xunit;

namespace AkkaCp.Architecture.Tests;

/// <summary>Folders use each other one way, as projects do: a reader who opens one need not have read those above it.</summary>
public class FolderTests
{
    public static TheoryData<string> Projects => [.. SourceProject.All.Select(project => project.Name)];

    [Theory]
    [MemberData(nameof(Projects))]
    public void Folders_UseEachOtherOneWay(string name)
    {
        var graph = Graph(name);

        Assert.Empty(graph.Unplaced);
        Assert.Empty(graph.Knots());
    }

    /// <summary>What the graph must see, so that it does not miss what it looks for.</summary>
    [Fact]
    public void TheGraph_SeesWhoUsesWhom()
    {
        var npu = Graph("Npu");

        Assert.True(npu.Uses("Cpu", "Cpu/Attention"));
        Assert.True(npu.Uses("Cpu/Attention", "Cpu/Simd"));
        Assert.False(npu.Uses("Cpu/Simd", "Cpu/Attention"));
    }

    private static FolderGraph Graph(string name) => new(SourceProject.All.Single(project => project.Name == name));
}
