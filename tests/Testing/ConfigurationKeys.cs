using System.Text.RegularExpressions;

namespace AkkaCp.Testing;

/// <summary>What config/engine.conf names, in its order, without the outermost section, akka-cp.</summary>
public static partial class ConfigurationKeys
{
    private static readonly (string Key, bool IsSection)[] s_lines = [.. Read()];

    /// <summary>Every key, as in scheduler.chunk-tokens.</summary>
    public static IEnumerable<string> All => s_lines.Where(line => !line.IsSection).Select(line => line.Key);

    /// <summary>Every section, as in transport.tls.</summary>
    public static IEnumerable<string> Sections => s_lines.Where(line => line.IsSection).Select(line => line.Key);

    private static IEnumerable<(string Key, bool IsSection)> Read()
    {
        var sections = new Stack<string>();
        foreach (var line in File.ReadLines(Path.Combine(RepositoryFiles.Root, "config", "engine.conf")).Select(line => line.Trim()))
        {
            if (line == "}")
                sections.Pop();
            if (KeyLine().Match(line) is not { Success: true } match)
                continue;
            var isSection = match.Groups[2].Value == "{";
            if (sections.Count > 0)
                yield return (string.Join('.', sections.Reverse().Append(match.Groups[1].Value).Skip(1)), isSection);
            if (isSection)
                sections.Push(match.Groups[1].Value);
        }
    }

    [GeneratedRegex(@"^([a-z][\w-]*)\s*([{=])")]
    private static partial Regex KeyLine();
}
