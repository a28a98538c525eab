using Xunit;

namespace AkkaCp.Architecture.Tests;

/// <summary>Folders use each other one way, as projects do: a reader who opens one need not have read those above it.</summary>
public class FolderTests
{
    // Today's knots. A line may become shorter or go; nothing may be added.
    private static readonly Dictionary<string, string[]> s_knots = new()
    {
        // One interpreter in one namespace: what values are and how they are rendered calls for each other, as in Jinja2.
        ["Text"] =
        [
            "Templates Templates/Filters Templates/Formatting Templates/Methods Templates/Operators Templates/Parsing "
            + "Templates/Rendering Templates/Strings Templates/Unicode Templates/Values",
        ],
    };

    public static TheoryData<string> Projects => [.. SourceProject.All.Select(project => project.Name)];

    [Theory]
    [MemberData(nameof(Projects))]
    public void Folders_UseEachOtherOneWay(string name)
    {
        var graph = Graph(name);

        Assert.Empty(graph.Unplaced);
        Assert.Equal(s_knots.GetValueOrDefault(name, []), graph.Knots());
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
