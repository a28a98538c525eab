using System.Reflection;
using System.Text.RegularExpressions;
using Xunit;

namespace AkkaCp.Architecture.Tests;

public partial class DependencyTests
{
    // Each project, and those that it may use: all below it, but for neighbours.
    private static readonly string[] s_order =
        ["Settings", "Text", "Npu", "Model", "Collectives", "Pipeline", "Scheduling", "Actors", "Engine", "Server", "Cli"];

    // Two projects beside each other, of which neither uses the other.
    private static readonly string[] s_neighbours = ["Model", "Collectives"];

    public static TheoryData<string> Projects => [.. SourceProject.All.Select(project => project.Name)];

    [Theory]
    [MemberData(nameof(Projects))]
    public void ProjectReferences_PointDownOnly(string name)
    {
        var place = Array.IndexOf(s_order, name);
        Assert.True(place >= 0, $"{name} has no place among the layers");

        foreach (var reference in Project(name).References)
            Assert.InRange(Array.IndexOf(s_order, reference), 0, place - 1);
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void AssemblyReferences_PointDownOnly(string name)
    {
        var place = Array.IndexOf(s_order, name);
        foreach (var reference in AssemblyOf(name).GetReferencedAssemblies())
        {
            if (reference.Name!.StartsWith("AkkaCp.", StringComparison.Ordinal))
                Assert.InRange(Array.IndexOf(s_order, reference.Name["AkkaCp.".Length..]), 0, place - 1);
        }
    }

    [Fact]
    public void Text_KnowsNoTensors() => Assert.Empty(Project("Text").References);

    [Fact]
    public void ModelAndCollectives_KnowNothingOfEachOther()
    {
        foreach (var name in s_neighbours)
        {
            var others = s_neighbours.Where(other => other != name).Select(other => $"AkkaCp.{other}");
            Assert.Empty(AssemblyOf(name).GetReferencedAssemblies().Select(reference => reference.Name).Intersect(others));
            Assert.Empty(Project(name).References.Intersect(s_neighbours));
        }
    }

    [Fact]
    public void Akka_IsUsedByActorsAndForItsParserBySettings() => Assert.Equal(["Actors", "Settings"], UsersOf(IsAkka).Order());

    [Fact]
    public void Settings_UseOfAkkaItsParserAlone()
    {
        var akka = ReferencedType.Of(AssemblyOf("Settings")).Where(type => IsAkka(type.Assembly)).Select(type => type.Namespace).Distinct();

        Assert.Equal(["Akka.Configuration", "Akka.Configuration.Hocon"], akka.Order());
    }

    [Fact]
    public void Settings_StandAlone()
    {
        Assert.DoesNotContain(
            ReferencedType.Of(AssemblyOf("Settings")), type => type.Assembly.StartsWith("AkkaCp.", StringComparison.Ordinal));
        Assert.Equal(["Actors", "Cli", "Engine", "Server"], UsersOf(reference => reference is "AkkaCp.Settings").Order());
    }

    /// <summary>The scheduler decides with numbers: what a step computes, and with which tensors, is not its concern.</summary>
    [Fact]
    public void Scheduling_KnowsPlansPlacementAndSamplingOnly()
    {
        var used = ReferencedType.Of(AssemblyOf("Scheduling"));

        Assert.Equal(
            ["AkkaCp.Model.Sampling", "AkkaCp.Pipeline.Partition", "AkkaCp.Pipeline.Steps"],
            used.Where(type => type.Assembly.StartsWith("AkkaCp.", StringComparison.Ordinal)).Select(type => type.Namespace)
                .Distinct().Order());
        Assert.All(
            used.Where(type => !type.Assembly.StartsWith("AkkaCp.", StringComparison.Ordinal)),
            type => Assert.StartsWith("System.", type.Assembly, StringComparison.Ordinal));
    }

    [Fact]
    public void Dataflow_IsUsedByThePipelineAlone() =>
        Assert.Equal(["Pipeline"], UsersOf(reference => reference is "System.Threading.Tasks.Dataflow"));

    [Fact]
    public void CommandLine_IsUsedByCliAlone() =>
        Assert.Equal(["Cli"], UsersOf(reference => reference is "System.CommandLine" or "Spectre.Console"));

    [Fact]
    public void AspNet_IsUsedByTheServerAndWhoStartsIt() => Assert.Equal(
        ["Cli", "Server"], UsersOf(reference => reference.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal)).Order());

    [Fact]
    public void UnsafeCode_IsInTheNpuAndInOneSystemCallOfTheCollectives()
    {
        var allowing = SourceProject.All.Where(
            project => File.ReadAllText(Path.Combine(project.Folder, $"{project.Name}.csproj"))
                .Contains("AllowUnsafeBlocks", StringComparison.Ordinal));

        Assert.Equal(["Collectives", "Npu"], allowing.Select(project => project.Name).Order());
        var collectives = SourceProject.All.Single(project => project.Name == "Collectives").CodeFiles
            .Where(path => UnsafeWord().IsMatch(File.ReadAllText(path)));
        Assert.Equal(["GatherSend.cs"], collectives.Select(Path.GetFileName));
    }

    [Fact]
    public void EveryLayerOfTheFigure_IsThere() => Assert.Empty(
        s_order.Except(SourceProject.All.Select(project => project.Name)));

    private static bool IsAkka(string assembly) => assembly is "Akka" || assembly.StartsWith("Akka.", StringComparison.Ordinal);

    private static string[] UsersOf(Predicate<string> isMeant) =>
        [.. SourceProject.All.Select(project => project.Name)
            .Where(name => AssemblyOf(name).GetReferencedAssemblies().Any(reference => isMeant(reference.Name!)))];

    private static SourceProject Project(string name) => SourceProject.All.Single(project => project.Name == name);

    private static Assembly AssemblyOf(string name) => Project(name).Assembly;

    [GeneratedRegex(@"\bunsafe\b")]
    private static partial Regex UnsafeWord();
}
