using System.Reflection;
using System.Xml.Linq;
using AkkaCp.Testing;

namespace AkkaCp.Architecture.Tests;

/// <summary>A project under src/, as its files say.</summary>
internal sealed record SourceProject(string Name, string Folder)
{
    private XDocument File => XDocument.Load(Path.Combine(Folder, $"{Name}.csproj"));

    /// <summary>What it is built into.</summary>
    public Assembly Assembly => Assembly.Load(Name == "Cli" ? "akkacp" : $"AkkaCp.{Name}");

    /// <summary>Projects that it names.</summary>
    public IEnumerable<string> References => Included("ProjectReference").Select(path => Path.GetFileNameWithoutExtension(path));

    /// <summary>Packages that it names.</summary>
    public IEnumerable<string> Packages => Included("PackageReference");

    /// <summary>Its C# files, generated ones left out.</summary>
    public IEnumerable<string> CodeFiles => CodeIn(Folder);

    public static IReadOnlyList<SourceProject> All { get; } =
        [.. Directory.GetDirectories(Path.Combine(RepositoryFiles.Root, "src"))
            .Where(folder => System.IO.File.Exists(Path.Combine(folder, Path.GetFileName(folder) + ".csproj")))
            .Select(folder => new SourceProject(Path.GetFileName(folder), folder))];

    /// <summary>C# files of a folder and those below it, generated ones left out.</summary>
    public static IEnumerable<string> CodeIn(string folder) => Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
        .Where(path => !path.Split(Path.DirectorySeparatorChar).Any(part => part is "obj" or "bin"));

    private IEnumerable<string> Included(string item) =>
        File.Descendants(item).Select(element => element.Attribute("Include")!.Value.Replace('\\', '/'));
}
