using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace AkkaCp.Engine.Prompting;

/// <summary>
/// JSON that a model or a caller wrote, as nodes that all of the program can read: half a surrogate pair becomes U+FFFD, and of members
/// of one name the last counts, at the place of the first, as in Python. The JSON library throws at the first access to either.
/// </summary>
internal static partial class WellFormedJson
{
    /// <summary>How deep arguments may be nested: two levels below the JSON library's own bound of 64, since they travel inside messages.
    /// </summary>
    public const int MaxDepth = 62;

    private static readonly JsonDocumentOptions s_options = new() { AllowTrailingCommas = true, MaxDepth = MaxDepth };

    /// <summary>The nodes of a JSON text; trailing commas are allowed.</summary>
    /// <exception cref="JsonException">The text is no JSON, or is nested too deep.</exception>
    public static JsonNode? Parse(string json)
    {
        var utf8 = Encoding.UTF8.GetBytes(WithoutHalves(json));
        using var document = JsonDocument.Parse(utf8, s_options);
        return ToNode(document.RootElement);
    }

    /// <summary>As <see cref="Parse"/>; false where it throws.</summary>
    public static bool TryParse(string json, out JsonNode? node)
    {
        try
        {
            node = Parse(json);
            return true;
        }
        catch (JsonException)
        {
            node = null;
            return false;
        }
    }

    /// <summary>The text with U+FFFD for each half of a surrogate pair.</summary>
    public static string Text(string text) => text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF')
        ? string.Concat(text.EnumerateRunes().Select(rune => rune.ToString()))
        : text;

    /// <summary>A JSON text in which the escape of each half of a surrogate pair is that of U+FFFD.</summary>
    public static string WithoutHalves(string json) =>
        Escapes().Replace(json, escape => escape.Groups["half"].Success ? @"\uFFFD" : escape.Value);

    private static JsonNode? ToNode(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                var json = new JsonObject();
                foreach (var member in element.EnumerateObject())
                    json[member.Name] = ToNode(member.Value);
                return json;
            case JsonValueKind.Array:
                return new JsonArray([.. element.EnumerateArray().Select(ToNode)]);
            case JsonValueKind.String:
                return JsonValue.Create(element.GetString());
            case JsonValueKind.Null:
                return null;
            default:
                return JsonValue.Create(element.Clone());
        }
    }

    /// <summary>Every escape of a string, so that a backslash that is itself escaped begins none; whole pairs come first.</summary>
    [GeneratedRegex(@"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.",
        RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex Escapes();
}
