using System.Reflection;
using System.Text.RegularExpressions;

namespace AkkaCp.Architecture.Tests;

/// <summary>Which folders of a project use which: read from signatures and instructions,
/// so that a name in a comment does not count.</summary>
internal sealed partial class FolderGraph
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private readonly Assembly _assembly;
    private readonly Dictionary<string, string> _folders;
    private readonly Dictionary<string, HashSet<string>> _uses = [];

    /// <summary>Reads a project.</summary>
    public FolderGraph(SourceProject project)
    {
        _assembly = project.Assembly;
        _folders = project.CodeFiles
            .SelectMany(path => TypesIn(path)
                .Select(type => (type, Folder: Path.GetRelativePath(project.Folder, Path.GetDirectoryName(path)!))))
            .DistinctBy(entry => entry.type)
            .ToDictionary(entry => entry.type, entry => entry.Folder);
        foreach (var type in _assembly.GetTypes().Where(IsOurs))
            Of(FolderOf(type)).UnionWith(UsedBy(type).SelectMany(IlReader.Parts).Where(IsOurs).Select(FolderOf));
    }

    /// <summary>Types that people wrote and whose file was not found.</summary>
    public IEnumerable<string> Unplaced => _assembly.GetTypes()
        .Where(type => !type.IsNested && !IsOurs(type) && type.Namespace?.StartsWith("AkkaCp", StringComparison.Ordinal) == true
            && !type.Name.Contains('<', StringComparison.Ordinal))
        .Select(type => type.FullName!);

    /// <summary>Whether a folder uses another at once.</summary>
    public bool Uses(string folder, string other) => _uses[folder].Contains(other);

    /// <summary>Folders that use each other, over others or at once: each knot's folders in their order.</summary>
    public IReadOnlyList<string> Knots()
    {
        var reached = _uses.Keys.ToDictionary(folder => folder, Reached);
        return [.. _uses.Keys
            .Select(folder => string.Join(
                ' ', reached[folder].Where(other => reached[other].Contains(folder)).Append(folder).Distinct().Order()))
            .Where(knot => knot.Contains(' ', StringComparison.Ordinal))
            .Distinct().Order()];
    }

    private HashSet<string> Of(string folder)
    {
        if (!_uses.TryGetValue(folder, out var used))
            _uses[folder] = used = [];
        return used;
    }

    // A nested type lies where its outermost does.
    private string FolderOf(Type type) =>
        type.DeclaringType is { } outer ? FolderOf(outer) : _folders[$"{type.Namespace}.{Arity().Replace(type.Name, "")}"];

    private bool IsOurs(Type type)
    {
        while (type.DeclaringType is { } outer)
            type = outer;
        return type.Assembly == _assembly && _folders.ContainsKey($"{type.Namespace}.{Arity().Replace(type.Name, "")}");
    }

    private static IEnumerable<string> TypesIn(string path)
    {
        var code = File.ReadAllText(path);
        var space = Space().Match(code).Groups[1].Value;
        return Declaration().Matches(code).Select(match => $"{space}.{match.Groups[1].Value}");
    }

    private HashSet<string> Reached(string from)
    {
        var reached = new HashSet<string>();
        var next = new Queue<string>(_uses[from]);
        while (next.TryDequeue(out var folder))
        {
            if (folder != from && reached.Add(folder))
                _uses.GetValueOrDefault(folder, []).ToList().ForEach(next.Enqueue);
        }

        return reached;
    }

    /// <summary>The types that a type names, in its signatures, attributes and instructions.</summary>
    public static List<Type> UsedBy(Type type)
    {
        var used = new List<Type>(type.GetInterfaces());
        if (type.BaseType is { } parent)
            used.Add(parent);
        used.AddRange(type.GetCustomAttributesData().Select(attribute => attribute.AttributeType));
        used.AddRange(type.GetFields(Declared).Select(field => field.FieldType));
        foreach (var method in type.GetMethods(Declared).Cast<MethodBase>().Concat(type.GetConstructors(Declared)))
            used.AddRange(UsedBy(method));
        return used;
    }

    private static IEnumerable<Type> UsedBy(MethodBase method)
    {
        var named = IlReader.MembersNamedBy(method).SelectMany(member => member switch
        {
            Type type => [type],
            MethodInfo { IsGenericMethod: true } generic => generic.GetGenericArguments().Append(generic.DeclaringType),
            _ => new[] { member.DeclaringType },
        });
        return method.GetParameters().Select(parameter => parameter.ParameterType)
            .Append((method as MethodInfo)?.ReturnType)
            .Concat(method.GetMethodBody()?.LocalVariables.Select(local => local.LocalType) ?? [])
            .Concat(named)
            .OfType<Type>();
    }

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Space();

    [GeneratedRegex(@"^(?:public|internal|file) [^=;({]*?\b(?:class|record struct|record|struct|interface|enum|delegate [^;({]*?) ?\b(\w+)(?=\s*(?:[<({:;]|$|\r| where))", RegexOptions.Multiline)]
    private static partial Regex Declaration();

    [GeneratedRegex(@"`\d+$")]
    private static partial Regex Arity();
}
