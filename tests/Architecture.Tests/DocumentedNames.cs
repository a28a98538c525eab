using System.Text.RegularExpressions;
using AkkaCp.Testing;

namespace AkkaCp.Architecture.Tests;

/// <summary>What a page may name: files, folders, types, their members and configuration keys, as the checkout has them.</summary>
internal sealed partial class DocumentedNames
{
    private static readonly string[] s_generated = ["bin", "obj", ".git", "TestResults"];
    private static readonly string[] s_code = ["src", "tests", "bench", "samples"];

    // What stands before a name that is used, where a type stands before one that is declared.
    private static readonly HashSet<string> s_uses =
        ["new", "return", "await", "throw", "case", "is", "as", "in", "out", "ref", "not", "and", "or", "else", "when", "class",
            "namespace", "using"];

    private readonly List<string> _paths = [];
    private readonly HashSet<string> _types = [];
    private readonly HashSet<string> _members = [];
    private readonly HashSet<string> _folders = [];
    private readonly HashSet<string> _namespaces = [];
    private readonly HashSet<string> _keys = [];

    /// <summary>Reads the checkout.</summary>
    public DocumentedNames()
    {
        Walk(RepositoryFiles.Root);
        foreach (var path in _paths.Where(path => path.EndsWith(".cs", StringComparison.Ordinal) && s_code.Contains(path.Split('/')[0])))
            ReadCode(Comment().Replace(File.ReadAllText(Path.Combine(RepositoryFiles.Root, path)), ""));
        _keys.UnionWith(ConfigurationKeys.Sections);
        _keys.UnionWith(ConfigurationKeys.All);
    }

    /// <summary>What is wrong with a span between backticks; null for what is there,
    /// and for what names nothing of ours by its form.</summary>
    public string? Problem(string span)
    {
        if (PathForm().IsMatch(span))
            return HasPath(span) ? null : "is no file or folder";
        if (KeyForm().Match(span) is { Success: true } key && _keys.Contains(key.Groups[1].Value.Split('.')[0]))
            return _keys.Contains(key.Groups[1].Value) ? null : "is no key of engine.conf";
        return !NameForm().IsMatch(span) || _namespaces.Contains(span) || IsDeclared(span.Split('.')) ? null : "is declared nowhere";
    }

    private bool HasPath(string span)
    {
        var pattern = new Regex($"^(.*/)?{Regex.Escape(span.TrimEnd('/')).Replace(@"\*", "[^/]*", StringComparison.Ordinal)}$");
        return _paths.Exists(path => pattern.IsMatch(path));
    }

    private bool IsDeclared(string[] parts) => parts is [var alone]
        ? _types.Contains(alone) || _members.Contains(alone) || _folders.Contains(alone)
        : _types.Contains(parts[0]) && parts.Skip(1).All(part => _members.Contains(part) || _types.Contains(part));

    private void Walk(string folder)
    {
        foreach (var path in Directory.EnumerateFileSystemEntries(folder).Where(path => !s_generated.Contains(Path.GetFileName(path))))
        {
            _paths.Add(Path.GetRelativePath(RepositoryFiles.Root, path).Replace('\\', '/'));
            if (!Directory.Exists(path))
                continue;
            _folders.Add(Path.GetFileName(path));
            Walk(path);
        }
    }

    private void ReadCode(string code)
    {
        _types.UnionWith(TypeDeclaration().Matches(code).Select(match => match.Groups[1].Value));
        _types.UnionWith(DelegateDeclaration().Matches(code).Select(match => match.Groups[1].Value));
        _members.UnionWith(MemberDeclaration().Matches(code).Where(match => !s_uses.Contains(match.Groups[1].Value))
            .Select(match => match.Groups[2].Value));
        _members.UnionWith(EnumValue().Matches(code).Select(match => match.Groups[1].Value));
        _namespaces.UnionWith(NamespaceLine().Matches(code).Select(match => match.Groups[1].Value));
    }

    [GeneratedRegex(@"//.*")]
    private static partial Regex Comment();

    [GeneratedRegex(@"^[\w.*-]+(/[\w.*-]+)+/?$|^[\w.*-]+(/|\.(cs|md|conf|sh|txt|jsonl?|svg|csproj|props|jinja|safetensors))$")]
    private static partial Regex PathForm();

    [GeneratedRegex(@"^(?:akka-cp\.)?([a-z][a-z-]*(?:\.[a-z][a-z-]*)+)(?: = \S+)?$")]
    private static partial Regex KeyForm();

    [GeneratedRegex(@"^[A-Z][A-Z0-9]*[a-z]\w*(\.[A-Z]\w*)*$")]
    private static partial Regex NameForm();

    [GeneratedRegex(@"\b(?:class|struct|record|interface|enum)\s+([A-Z]\w*)")]
    private static partial Regex TypeDeclaration();

    [GeneratedRegex(@"\bdelegate\s[^;({=]*?\s([A-Z]\w*)\s*(?:<[^>]*>)?\(")]
    private static partial Regex DelegateDeclaration();

    [GeneratedRegex(@"([\w>\])?]+)\s+([A-Z]\w*)\s*(?=[({;=,)]|$)", RegexOptions.Multiline)]
    private static partial Regex MemberDeclaration();

    [GeneratedRegex(@"^\s+([A-Z]\w*)(?: = [^;\n]*)?,?\s*$", RegexOptions.Multiline)]
    private static partial Regex EnumValue();

    [GeneratedRegex(@"^namespace ([\w.]+)", RegexOptions.Multiline)]
    private static partial Regex NamespaceLine();
}
