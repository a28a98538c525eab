using System.Text.Json;
using System.Text.Json.Nodes;
using AkkaCp.Engine.Prompting;

namespace AkkaCp.Engine.Chat;

/// <summary>The tools of a request, and what their schemas say of their parameters.</summary>
internal sealed class OfferedTools
{
    private readonly Dictionary<string, JsonObject> _parameters = new(StringComparer.Ordinal);

    /// <param name="tools">Functions in OpenAI's form, or without its envelope. What is neither has no name to be called by.</param>
    public OfferedTools(IEnumerable<JsonElement> tools)
    {
        foreach (var tool in tools)
        {
            if (tool.ValueKind != JsonValueKind.Object || WellFormedJson.Parse(tool.GetRawText()) is not JsonObject json)
                continue;
            var function = json["function"] as JsonObject ?? json;
            if (function["name"] is JsonValue value && value.TryGetValue<string>(out var name))
                _parameters[name] = function["parameters"] as JsonObject ?? [];
        }
    }

    /// <summary>Whether a function was offered.</summary>
    public bool Has(string function) => _parameters.ContainsKey(function);

    /// <summary>Whether a function has a parameter, as far as is known: of a function without a schema any may be one.</summary>
    public bool MayHave(string function, string parameter) =>
        !_parameters.TryGetValue(function, out var schema) || schema["properties"] is not JsonObject { Count: > 0 } properties
        || properties.ContainsKey(parameter);

    /// <summary>The kinds of values that a parameter takes; none where no schema says.</summary>
    public JsonKinds KindsOf(string function, string parameter) =>
        _parameters.TryGetValue(function, out var schema) && schema["properties"] is JsonObject properties
            ? SchemaKinds.Of(properties[parameter], schema)
            : JsonKinds.None;
}
