using System.Text;
using System.Text.RegularExpressions;

namespace AkkaCp.Server.Json;

/// <summary>Halves of surrogate pairs that JSON can escape and no text may hold: each becomes U+FFFD.</summary>
internal static partial class LoneSurrogates
{
    /// <summary>The same JSON without them.</summary>
    /// <param name="json">UTF-8.</param>
    public static ReadOnlyMemory<byte> Replaced(ReadOnlyMemory<byte> json)
    {
        if (json.Span.IndexOf("\\ud"u8) < 0 && json.Span.IndexOf("\\uD"u8) < 0)
            return json;
        var text = Encoding.UTF8.GetString(json.Span);
        return Encoding.UTF8.GetBytes(Escapes().Replace(text, escape => escape.Groups["half"].Success ? @"\uFFFD" : escape.Value));
    }

    // Every escape, so that an escaped backslash begins none; whole pairs come first.
    [GeneratedRegex(@"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.",
        RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex Escapes();
}
