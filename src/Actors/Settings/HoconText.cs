using System.Text;
using Akka.Configuration;

namespace AkkaCp.Actors.Settings;

/// <summary>
/// Prepares text for Akka's HOCON parser. That parser overlooks unbalanced braces and quotes, and a substitution before the end of
/// an object derails it; so both are dealt with here, with line numbers, and it sees plain text only.
/// </summary>
internal static class HoconText
{
    /// <summary>Parses <paramref name="text"/>; mistakes go to <paramref name="problems"/>, and then the result is empty.</summary>
    public static Config Parse(string source, string text, List<string> problems)
    {
        var before = problems.Count;
        var plain = new HoconSubstitution(source, text, problems).Replace();
        if (problems.Count > before)
            return Config.Empty;
        try
        {
            return ConfigurationFactory.ParseString(plain);
        }
        catch (Exception exception) when (exception is ConfigurationException or FormatException)
        {
            problems.Add($"{source}: {exception.Message.ReplaceLineEndings(" ")}");
            return Config.Empty;
        }
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
}
