using System.Text.RegularExpressions;

namespace AkkaCp.Engine.Chat;

/// <summary>
/// Dictionaries and lists as Python prints them, <c>{'a': [True, None]}</c>, which models write where their templates printed earlier ones
/// so.
/// </summary>
internal static partial class PythonLiteral
{
    /// <summary>The JSON of a literal; of anything else a text that is no JSON either.</summary>
    public static string ToJson(string text) => Parts().Replace(text, part => part.Value switch
    {
        "True" => "true",
        "False" => "false",
        "None" => "null",
        "(" => "[",
        ")" => "]",
        ['\'', .., '\''] => '"' + Escapes().Replace(part.Value[1..^1], ToJsonEscape) + '"',
        var other => other,
    });

    private static string ToJsonEscape(Match escape) => escape.Value switch
    {
        "\"" => "\\\"",
        "\\'" => "'",
        ['\\', 'x', var high, var low] => $"\\u00{high}{low}",
        var other => other,
    };

    [GeneratedRegex(
        """'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|\b(?:True|False|None)\b|[()]""", RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex Parts();

    [GeneratedRegex("""\\x[0-9a-fA-F]{2}|\\.|["]""", RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex Escapes();
}
