using System.Text.RegularExpressions;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Architecture.Tests;

public partial class SourceTests
{
    private const int MaxLines = 400;

    // .editorconfig says it to editors.
    private const int MaxLineLength = 140;

    // A test's data in one text: in two it would be harder to read and to find.
    private const int DataLength = 100;

    // The field's word: a reader who looks for who owns the KV blocks looks for it.
    private const string BlockManager = "KvBlockManager";

    [Fact]
    public void NoFile_IsLongerThanAReaderCanHold()
    {
        var tooLong = SourceProject.All.SelectMany(project => project.CodeFiles)
            .Select(path => (Path: Path.GetRelativePath(RepositoryFiles.Root, path), Lines: File.ReadLines(path).Count()))
            .Where(file => file.Lines > MaxLines);

        Assert.Empty(tooLong);
    }

    [Fact]
    public void NoLine_IsLongerThanEditorsAreTold()
    {
        Assert.Contains($"max_line_length = {MaxLineLength}\n", File.ReadAllText(Path.Combine(RepositoryFiles.Root, ".editorconfig")),
            StringComparison.Ordinal);
        var tooLong =
            from path in Code
            from line in File.ReadLines(path).Index()
            where line.Item.Length > MaxLineLength && !(IsTest(path) && IsData(line.Item))
            select $"{Path.GetRelativePath(RepositoryFiles.Root, path)}:{line.Index + 1}: {line.Item.Length}";

        Assert.Empty(tooLong);
    }

    /// <summary>IDE0011 asks for braces around several lines, and nothing but this asks for none around one.</summary>
    [Fact]
    public void NoBraces_AreAroundOneLine()
    {
        var braced =
            from path in Code
            from match in OneLineInBraces().Matches(File.ReadAllText(path))
            select $"{Path.GetRelativePath(RepositoryFiles.Root, path)}: {match.Groups["statement"].Value}";

        Assert.Empty(braced);
    }

    [Fact]
    public void EveryFile_IsInItsProjectsNamespace()
    {
        foreach (var project in SourceProject.All)
        {
            foreach (var path in project.CodeFiles)
            {
                var found = NamespaceLine().Match(File.ReadAllText(path));
                Assert.True(found.Success, $"{path}: expected a file-scoped namespace, found none");
                Assert.True(
                    found.Groups[1].Value == $"AkkaCp.{project.Name}"
                    || found.Groups[1].Value.StartsWith($"AkkaCp.{project.Name}.", StringComparison.Ordinal),
                    $"{path}: expected AkkaCp.{project.Name}, found {found.Groups[1].Value}");
            }
        }
    }

    [Fact]
    public void NoTypeName_SaysManagerHelperUtilsOrImpl()
    {
        var vague = SourceProject.All.SelectMany(project => project.CodeFiles)
            .Select(path => Path.GetFileNameWithoutExtension(path))
            .Where(name => VagueName().IsMatch(name) && name != BlockManager);

        Assert.Empty(vague);
    }

    [Fact]
    public void SourceDocumentation_IsRequiredByTheBuild()
    {
        // CS1591 reports a public member without documentation; src/ does not silence it, and warnings are errors.
        var props = File.ReadAllText(Path.Combine(RepositoryFiles.Root, "src", "Directory.Build.props"));

        Assert.Contains("Replace('CS1591', '')", props, StringComparison.Ordinal);
        foreach (var project in SourceProject.All)
        {
            Assert.DoesNotContain("1591", File.ReadAllText(Path.Combine(project.Folder, $"{project.Name}.csproj")),
                StringComparison.Ordinal);
        }
    }

    private static IEnumerable<string> Code => new[] { "bench", "samples", "src", "tests" }
        .SelectMany(folder => SourceProject.CodeIn(Path.Combine(RepositoryFiles.Root, folder)));

    private static bool IsTest(string path) =>
        Path.GetRelativePath(RepositoryFiles.Root, path).StartsWith("tests", StringComparison.Ordinal);

    private static bool IsData(string line) => Text().Matches(line).Any(text => text.Length > DataLength);

    [GeneratedRegex("\"{3}.*?\"{3}|\"(?:[^\"\\\\]|\\\\.)*\"")]
    private static partial Regex Text();

    // Of an if alone: where its else has several lines, both have braces. A declaration must have them.
    [GeneratedRegex(
        """
        (?x)^(?<indent>\ *)(?:if|for|foreach|await\ foreach|while|using|await\ using|lock|fixed)\ \(.*\)\n
        \k<indent>\{\n
        \k<indent>\ {4}(?!(?:await\ )?using\ var)(?<statement>\S.*;)\n
        \k<indent>\}\n(?!\k<indent>else)
        """, RegexOptions.Multiline)]
    private static partial Regex OneLineInBraces();

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex NamespaceLine();

    [GeneratedRegex("(Manager|Helper|Helpers|Utils|Impl)$")]
    private static partial Regex VagueName();
}
