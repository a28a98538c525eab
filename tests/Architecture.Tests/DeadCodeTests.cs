using System.Reflection;
using System.Text.RegularExpressions;
using AkkaCp.Engine;
using AkkaCp.Server;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Architecture.Tests;

/// <summary>Nothing under src/ is there for tests alone: what the program does not reach goes, or has its reason here.</summary>
public sealed partial class DeadCodeTests
{
    // Types that Akka makes by a name in HOCON.
    private static readonly HashSet<string> s_namedInHocon = [.. Directory
        .EnumerateFiles(Path.Combine(RepositoryFiles.Root, "src"), "*.conf", SearchOption.AllDirectories)
        .SelectMany(path => NameInHocon().Matches(File.ReadAllText(path)).Select(match => match.Groups[1].Value))];

    /// <summary>Members that only tests use, and why they stay: by their names, with the type's where others are called so;
    /// or all of a type.</summary>
    private static readonly Dictionary<string, string> s_excused = new()
    {
        ["CoordinatorLogic.State"] = "what the simulator looks at after every event",
        ["CoordinatorLogic.Outbox"] = "as above",
        ["ReplyBuffer.TryRead"] = "a client without a task, as the simulator's are",
        ["Tiles"] = "assembled code is run as it is",
        ["F32Tiles"] = "as above",
        ["BF16Tiles"] = "as above",
        ["TileCode.Address"] = "as above",
        ["TileCode.Length"] = "as above",
        ["AvailableKernels"] = "what this machine can be tested with",
        ["InstructionSet"] = "a first test sees that the switch of a run took effect",
        ["LiveTensors"] = "what was not given back",
        ["BytesReserved"] = "as above",
        ["RankGroup.Counts"] = "as above",
        ["CallTable.Remembered"] = "as above",
        ["EagerArena.Free"] = "as above",
        ["EpochGroups.All"] = "as above",
        ["HandshakePlaces.Count"] = "as above",
        ["OpenRequests.Count"] = "as above",
        ["FragmentAssembler.Count"] = "as above",
        ["ReplyOutbox.Count"] = "as above",
        ["ReplyOutbox.Open"] = "as above",
        ["SequenceTable.Count"] = "as above",
        ["IRankMesh.Epoch"] = "which epoch was connected",
        ["INpuDevice.Add"] = "an operator that others fuse: they are held to it, and timed beside it",
        ["INpuDevice.MoeInitRouting"] = "as above",
        ["INpuDevice.RotaryMul"] = "as above",
        ["INpuDevice.Swiglu"] = "as above",
        ["TransportCounters"] = "what a collective sends",
        ["DrainAsync"] = "a pipeline's end without a fault",
        ["MessageTypes"] = "every message goes through the serializer and back",
        ["EngineSettings.From"] = "defaults and HOCON are compared",
        ["KillAsync"] = "the death of a node",
        ["ChatTemplate.Parse"] = "a template without a directory",
        ["Roster.IsComplete"] = "what the roster decides from",
        ["AssignmentTarget.Offset"] = "where a template's error lies",
        ["ModelConfig.ModelType"] = "read of a model's file",
        ["BosTokenId"] = "as above",
        ["PadTokenId"] = "as above",
        ["SafetensorsFile.Metadata"] = "as above",
        ["VocabStart"] = "what of the model a shard has",
        ["VocabCount"] = "as above",
        ["RotaryEmbedding.AttentionFactor"] = "the angles' formula",
    };

    // Benchmarks and samples are programs, too; they are read as text, so that this project need not build them.
    private static readonly HashSet<string>[] s_programs = [.. new[] { "bench", "samples" }
        .SelectMany(folder => Directory.EnumerateDirectories(Path.Combine(RepositoryFiles.Root, folder)))
        .Select(program => SourceProject.CodeIn(program)
            .SelectMany(path => Word().Matches(WithoutComments(File.ReadAllText(path))).Select(match => match.Value)).ToHashSet())];

    private static readonly Lazy<LiveCode> s_live = new(() => Live(member => ExcusesOf(member).Any(s_excused.ContainsKey)));

    [Fact]
    public void EveryType_IsUsedByTheProgram() => AssertNone(DeadTypes(s_live.Value).Select(NameOf));

    [Fact]
    public void EveryMethodAndProperty_IsUsedByTheProgram() =>
        AssertNone(DeadMembers(s_live.Value).Select(member => $"{NameOf(member.DeclaringType!)}.{member.Name}"));

    /// <summary>An excuse goes with its member, and when the program comes to use the member.</summary>
    [Fact]
    public void EveryExcuse_IsOfAMemberThatOnlyTestsUse()
    {
        var unexcused = Live(_ => false);
        var dead = DeadMembers(unexcused).SelectMany(ExcusesOf).Concat(DeadTypes(unexcused).Select(type => type.Name)).ToHashSet();

        var stale = s_excused.Keys.Where(name => !dead.Contains(name));
        Assert.True(!stale.Any(), $"nothing that only tests use is called {string.Join(", ", stale)}");
    }

    private static LiveCode Live(Predicate<MemberInfo> isExcused) => LiveCode.Of(
        [.. SourceProject.All.Select(project => project.Assembly)],
        [typeof(InferenceEngine).Assembly, typeof(AkkaCpEndpoints).Assembly],
        member => IsInAProgram(member) || (member is Type type ? IsNamed(type) : isExcused(member)));

    private static IEnumerable<Type> DeadTypes(LiveCode live) => SourceProject.All.SelectMany(project => live.DeadTypes(project.Assembly));

    private static IEnumerable<MemberInfo> DeadMembers(LiveCode live) =>
        SourceProject.All.SelectMany(project => live.DeadMembers(project.Assembly));

    private static void AssertNone(IEnumerable<string> dead) => Assert.True(!dead.Any(), $"only tests use {string.Join(", ", dead)}");

    private static string NameOf(Type type) => type.IsNested ? $"{NameOf(type.DeclaringType!)}.{type.Name}" : type.Name;

    // Count is a member of many types: a program must name the type, too, and have the member behind a dot.
    private static bool IsInAProgram(MemberInfo member) => member is Type type
        ? s_programs.Any(words => words.Contains(type.Name) || words.Contains($".{type.Name}"))
        : s_programs.Any(words => words.Contains($".{member.Name}") && words.Contains(member.DeclaringType!.Name));

    /// <summary>The names by which a method or property is excused.</summary>
    private static string[] ExcusesOf(MemberInfo member) =>
        [member.Name, member.DeclaringType!.Name, $"{member.DeclaringType.Name}.{member.Name}"];

    // The compiler puts a constant's value where it is named: then instructions do not say from where.
    private static bool IsNamed(Type type) => s_namedInHocon.Contains(type.Name) || (IsOfConstants(type) && SourceProject.All
        .SelectMany(project => project.CodeFiles)
        .Where(path => Path.GetFileNameWithoutExtension(path) != type.Name)
        .Any(path => Regex.IsMatch(WithoutComments(File.ReadAllText(path)), $@"\b{Regex.Escape(type.Name)}\b")));

    private static bool IsOfConstants(Type type) => type.IsEnum || type.GetMembers(
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly)
        .All(member => member is FieldInfo { IsLiteral: true });

    private static string WithoutComments(string code) => CommentLine().Replace(code, "");

    [GeneratedRegex(@"""AkkaCp(?:\.\w+)*\.(\w+), AkkaCp\.")]
    private static partial Regex NameInHocon();

    [GeneratedRegex(@"\w+|(?<=\w)\.\w+")]
    private static partial Regex Word();

    [GeneratedRegex(@"^\s*//.*$", RegexOptions.Multiline)]
    private static partial Regex CommentLine();
}
