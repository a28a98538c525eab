using System.Text.Json;
using System.Text.Json.Nodes;

namespace AkkaCp.Engine.Chat;

/// <summary>
/// Which kinds of values a JSON schema allows: its <c>type</c>, or what its <c>const</c> and <c>enum</c> are, besides what any alternative
/// (<c>anyOf</c>, <c>oneOf</c>, <c>allOf</c>) and a <c>$ref</c> within the document allow.
/// </summary>
internal static class SchemaKinds
{
    private static readonly Dictionary<string, JsonKinds> s_names = new(StringComparer.OrdinalIgnoreCase)
    {
        ["null"] = JsonKinds.Null,
        ["integer"] = JsonKinds.Integer,
        ["int"] = JsonKinds.Integer,
        ["long"] = JsonKinds.Integer,
        ["number"] = JsonKinds.Number,
        ["float"] = JsonKinds.Number,
        ["double"] = JsonKinds.Number,
        ["boolean"] = JsonKinds.Boolean,
        ["bool"] = JsonKinds.Boolean,
        ["object"] = JsonKinds.Object,
        ["dict"] = JsonKinds.Object,
        ["array"] = JsonKinds.Array,
        ["list"] = JsonKinds.Array,
        ["string"] = JsonKinds.String,
        ["str"] = JsonKinds.String,
    };

    /// <summary>The kinds of a schema in a document.</summary>
    public static JsonKinds Of(JsonNode? schema, JsonNode document) => Of(schema, document, []);

    // References may go in circles: each schema counts once.
    private static JsonKinds Of(JsonNode? schema, JsonNode document, HashSet<JsonNode> seen)
    {
        if (schema is not JsonObject json || !seen.Add(json))
            return JsonKinds.None;
        var kinds = Named(json["type"]);
        if (kinds == JsonKinds.None)
            kinds = KindOf(json, "const") | (json["enum"] is JsonArray values ? Union(values, KindOf) : JsonKinds.None);
        if (kinds == JsonKinds.None)
            kinds = (json["properties"] is JsonObject ? JsonKinds.Object : 0) | (json["items"] is JsonObject ? JsonKinds.Array : 0);
        foreach (var key in (string[])["anyOf", "oneOf", "allOf"])
            kinds |= json[key] is JsonArray choices ? Union(choices, choice => Of(choice, document, seen)) : JsonKinds.None;
        kinds |= Of(Referred(json["$ref"], document), document, seen);
        return json["nullable"]?.GetValueKind() == JsonValueKind.True ? kinds | JsonKinds.Null : kinds;
    }

    private static JsonKinds Named(JsonNode? type) => type switch
    {
        JsonArray several => Union(several, Named),
        JsonValue value when value.TryGetValue<string>(out var name) => s_names.GetValueOrDefault(name),
        _ => JsonKinds.None,
    };

    private static JsonKinds Union(JsonArray nodes, Func<JsonNode?, JsonKinds> kinds) =>
        nodes.Aggregate(JsonKinds.None, (all, node) => all | kinds(node));

    private static JsonKinds KindOf(JsonObject schema, string key) =>
        schema.TryGetPropertyValue(key, out var value) ? KindOf(value) : JsonKinds.None;

    private static JsonKinds KindOf(JsonNode? value) => value?.GetValueKind() switch
    {
        null => JsonKinds.Null,
        JsonValueKind.True or JsonValueKind.False => JsonKinds.Boolean,
        JsonValueKind.Number => value.ToJsonString().AsSpan().ContainsAny(".eE") ? JsonKinds.Number : JsonKinds.Integer,
        JsonValueKind.Object => JsonKinds.Object,
        JsonValueKind.Array => JsonKinds.Array,
        _ => JsonKinds.String,
    };

    /// <summary>What a JSON pointer into the document names; null for any other reference.</summary>
    private static JsonNode? Referred(JsonNode? reference, JsonNode document)
    {
        if (reference is not JsonValue value || !value.TryGetValue<string>(out var pointer) || !pointer.StartsWith('#'))
            return null;
        var node = document;
        foreach (var part in pointer.Split('/').Skip(1).Select(Unescape))
        {
            node = node switch
            {
                JsonObject json => json[part],
                JsonArray array when int.TryParse(part, out var index) && index >= 0 && index < array.Count => array[index],
                _ => null,
            };
        }

        return node;
    }

    private static string Unescape(string part) => Uri.UnescapeDataString(part)
        .Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
}

/// <summary>The kinds of values that a JSON schema allows.</summary>
[Flags]
internal enum JsonKinds
{
    /// <summary>The schema does not say.</summary>
    None = 0,
    Null = 1,
    Integer = 2,
    Number = 4,
    Boolean = 8,
    Object = 16,
    Array = 32,
    String = 64,
}
