using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Akka.Configuration;

namespace AkkaCp.Settings;

/// <summary>
/// Prepares text for Akka's HOCON parser. That parser overlooks unbalanced braces and quotes, and a substitution before the end of
/// an object derails it; so both are dealt with here, with line numbers, and it sees plain text only.
/// </summary>
public static partial class HoconText
{
    private const int MostLetters = 160;

    /// <summary>Parses <paramref name="text"/>; mistakes go to <paramref name="problems"/>, and then the result is empty.</summary>
    internal static Config Parse(string source, string text, List<string> problems)
    {
        var before = problems.Count;
        var substitution = new HoconSubstitution(source, text, problems);
        var plain = substitution.Replace();
        if (problems.Count > before)
            return Config.Empty;
        try
        {
            return ConfigurationFactory.ParseString(plain);
        }
        catch (Exception exception) when (exception is ConfigurationException or FormatException)
        {
            problems.Add($"{source}{Line(exception.Message, substitution)}: {Short(exception.Message)}");
            return Config.Empty;
        }
    }

    private static string Line(string message, HoconSubstitution text) => PositionPattern().Match(message) is { Success: true } match
        ? string.Create(
            CultureInfo.InvariantCulture, $", line {text.LineAt(int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture))}")
        : "";

    /// <summary>Of a parser's message what fits a line: it ends in the text that was to be read, perhaps all of it.</summary>
    private static string Short(string message)
    {
        var line = BlanksPattern().Replace(message, " ").Trim(' ', '^');
        return line.Length <= MostLetters ? line : $"{line[..MostLetters]}…";
    }

    /// <summary>A quoted HOCON string.</summary>
    public static string Quote(string value)
    {
        var text = new StringBuilder("\"");
        foreach (var letter in value)
        {
            text.Append(letter switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                _ => letter.ToString(),
            });
        }

        return text.Append('"').ToString();
    }

    [GeneratedRegex("position ([0-9]{1,9})")]
    private static partial Regex PositionPattern();

    [GeneratedRegex(@"\s+")]
    private static partial Regex BlanksPattern();
}
