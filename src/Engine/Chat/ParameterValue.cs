using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using AkkaCp.Engine.Prompting;

namespace AkkaCp.Engine.Chat;

/// <summary>
/// A parameter's value out of the text that a model wrote, by the kinds that the tool's schema allows. A text stays as it is where only
/// texts are allowed or nothing is said. Of several kinds the most special that fits is taken: null, integer, number, boolean, object or
/// array, text. What fits none is what it is as JSON, else the text, so that the tool can say what is wrong with it.
/// </summary>
internal static partial class ParameterValue
{
    /// <summary>The value.</summary>
    public static JsonNode? Read(string text, JsonKinds kinds)
    {
        if (kinds is JsonKinds.None or JsonKinds.String)
            return JsonValue.Create(text);
        var word = text.Trim();
        // Templates write null into earlier turns as Python does.
        if ((kinds.HasFlag(JsonKinds.Null) || !kinds.HasFlag(JsonKinds.String)) && (Same(word, "null") || word == "None"))
            return null;
        return ReadNumber(word, kinds) ?? ReadBoolean(word, kinds) ?? ReadContainer(word, kinds) ?? ReadOther(text, kinds);
    }

    /// <summary>Whether a text is a JSON number.</summary>
    public static bool IsNumber(ReadOnlySpan<char> text) => JsonNumber().IsMatch(text);

    private static JsonNode? ReadNumber(string word, JsonKinds kinds)
    {
        if ((kinds & (JsonKinds.Integer | JsonKinds.Number)) == 0)
            return null;
        // Where a text would do, 007 is one.
        if (kinds.HasFlag(JsonKinds.String) && !JsonNumber().IsMatch(word))
            return null;
        if (kinds.HasFlag(JsonKinds.Integer) && WholeNumber().Match(word) is { Success: true } whole)
            return JsonNode.Parse(whole.Groups["minus"].Value + whole.Groups["digits"].Value);
        if (!kinds.HasFlag(JsonKinds.Number))
            return null;
        if (JsonNumber().IsMatch(word))
            return JsonNode.Parse(word);
        return double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            ? JsonValue.Create(number)
            : null;
    }

    private static JsonValue? ReadBoolean(string word, JsonKinds kinds)
    {
        if (!kinds.HasFlag(JsonKinds.Boolean))
            return null;
        var takesDigits = !kinds.HasFlag(JsonKinds.String);
        return Same(word, "true") || (takesDigits && word == "1") ? JsonValue.Create(true)
            : Same(word, "false") || (takesDigits && word == "0") ? JsonValue.Create(false)
            : null;
    }

    private static JsonNode? ReadContainer(string word, JsonKinds kinds)
    {
        if ((kinds & (JsonKinds.Object | JsonKinds.Array)) == 0)
            return null;
        var node = ParseLiteral(word);
        // A literal in a JSON text, as some templates write it.
        if (node is JsonValue value && value.TryGetValue<string>(out var inner))
            node = ParseLiteral(inner);
        return node switch
        {
            JsonObject when kinds.HasFlag(JsonKinds.Object) => node,
            JsonArray when kinds.HasFlag(JsonKinds.Array) => node,
            _ => null,
        };
    }

    private static JsonNode? ParseLiteral(string text) =>
        WellFormedJson.TryParse(text, out var node) || WellFormedJson.TryParse(PythonLiteral.ToJson(text), out node) ? node : null;

    private static JsonNode? ReadOther(string text, JsonKinds kinds) =>
        !kinds.HasFlag(JsonKinds.String) && WellFormedJson.TryParse(text, out var node) ? node : JsonValue.Create(text);

    private static bool Same(string word, string other) => word.Equals(other, StringComparison.OrdinalIgnoreCase);

    [GeneratedRegex(@"^(?:(?<minus>-)|\+)?0*(?<digits>[0-9]+)(?<zeros>\.0+)?$", RegexOptions.CultureInvariant)]
    private static partial Regex WholeNumber();

    [GeneratedRegex(@"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$", RegexOptions.CultureInvariant)]
    private static partial Regex JsonNumber();
}
