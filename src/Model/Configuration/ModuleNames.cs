using System.Text.RegularExpressions;

namespace AkkaCp.Model.Configuration;

/// <summary>
/// Names of modules as quantization_config lists them: a whole name, some neighbouring parts between dots of one, or "re:" and a regular
/// expression that a name begins with. "gate" means mlp.gate and not gate_proj.
/// </summary>
internal sealed class ModuleNames
{
    private const string RegexPrefix = "re:";
    private const int MostPatterns = 1000;
    private const int MostPatternLetters = 1000;

    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly List<Regex> _patterns = [];

    private ModuleNames()
    {
    }

    /// <summary>No module.</summary>
    public static ModuleNames None { get; } = new();

    /// <summary>The modules of a list; null with the entry that is no regular expression.</summary>
    public static ModuleNames? Of(IEnumerable<string> entries, out string? wrong)
    {
        var modules = new ModuleNames();
        foreach (var entry in entries)
        {
            if (!modules.Add(entry))
            {
                wrong = entry;
                return null;
            }
        }

        wrong = null;
        return modules;
    }

    /// <summary>Whether a module is among them.</summary>
    public bool Contains(string module)
    {
        var names = _names.GetAlternateLookup<ReadOnlySpan<char>>();
        for (var start = 0; start < module.Length && _names.Count > 0; start = NextPart(module, start))
        {
            for (var end = EndOfPart(module, start); ; end = EndOfPart(module, end + 1))
            {
                if (names.Contains(module.AsSpan(start, end - start)))
                    return true;
                if (end == module.Length)
                    break;
            }
        }

        return _patterns.Exists(pattern => pattern.IsMatch(module));
    }

    private bool Add(string entry)
    {
        if (!entry.StartsWith(RegexPrefix, StringComparison.Ordinal))
        {
            _names.Add(entry);
            return true;
        }

        if (entry.Length > MostPatternLetters || _patterns.Count == MostPatterns)
            return false;
        try
        {
            // Time linear in the name, whatever the file's expression is.
            _patterns.Add(new Regex($@"\A(?:{entry[RegexPrefix.Length..]})", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant));
            return true;
        }
        catch (NotSupportedException)
        {
            // Look-around: the list only confirms what the tensors say, and one entry less confirms less.
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static int EndOfPart(string module, int start) =>
        module.IndexOf('.', start) is >= 0 and var dot ? dot : module.Length;

    private static int NextPart(string module, int start) => EndOfPart(module, start) + 1;
}
