using System.Text.Json;
using System.Text.RegularExpressions;
using AkkaCp.Server.Http;

namespace AkkaCp.Server.Chat;

/// <summary>Reads the functions that a model may call, and whether it may.</summary>
internal static partial class ChatTools
{
    private const string Forced = "must be auto or none: output is not constrained to a grammar yet";
    private const int Most = 1024;

    /// <summary>The functions; none where the choice is none.</summary>
    /// <exception cref="ApiException">What is wrong, and where.</exception>
    public static IReadOnlyList<JsonElement> Read(ChatCompletionBody body)
    {
        var tools = body.Tools ?? [];
        if (tools.Count > Most)
            throw ApiException.Wrong("tools", $"tools must have at most {Most} functions, found {tools.Count}");
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < tools.Count; i++)
            Check(tools[i], $"tools[{i}]", names);
        if (body.ParallelToolCalls is false)
            throw ApiException.Unsupported("parallel_tool_calls", "must be true: output is not constrained to a grammar yet");
        return MayCall(body.ToolChoice, names) ? tools : [];
    }

    private static void Check(JsonElement tool, string field, HashSet<string> names)
    {
        var type = Fields.String(Fields.Object(tool, field), "type", field);
        if (type != "function")
            throw ApiException.Wrong($"{field}.type", $"{field}.type must be function, found \"{ApiException.Shown(type)}\"");
        var function = Fields.Object(tool.TryGetProperty("function", out var value) ? value : default, $"{field}.function");
        var name = Fields.String(function, "name", $"{field}.function");
        if (!Name().IsMatch(name))
        {
            throw ApiException.Wrong($"{field}.function.name",
                $"{field}.function.name must be 1 to 64 letters, digits, _ and -, found \"{ApiException.Shown(name)}\"");
        }

        if (!names.Add(name))
            throw ApiException.Wrong($"{field}.function.name", $"{field}.function.name must be given once, found \"{name}\" twice");
        if (function.TryGetProperty("description", out var description) && !description.IsNone())
            Fields.String(description, $"{field}.function.description");
        if (function.TryGetProperty("parameters", out var parameters) && !parameters.IsNone())
            CheckSchema(parameters, $"{field}.function.parameters");
        if (function.TryGetProperty("strict", out var strict) && strict.ValueKind is not (JsonValueKind.False or JsonValueKind.Null))
        {
            throw strict.ValueKind is JsonValueKind.True
                ? ApiException.Unsupported($"{field}.function.strict", "must be false: output is not constrained to a grammar yet")
                : Fields.Kind(strict, $"{field}.function.strict", "true or false");
        }
    }

    private static void CheckSchema(JsonElement schema, string field)
    {
        Fields.Object(schema, field);
        if (schema.TryGetProperty("type", out var type) && !(type.ValueKind is JsonValueKind.String && type.ValueEquals("object")))
            throw ApiException.Wrong($"{field}.type", $"{field}.type must be object, found {Fields.NameOf(type)}");
        if (schema.TryGetProperty("properties", out var properties))
            Fields.Object(properties, $"{field}.properties");
    }

    private static bool MayCall(JsonElement choice, HashSet<string> names)
    {
        if (choice.IsNone())
            return true;
        if (choice.ValueKind is JsonValueKind.Object)
        {
            var type = Fields.String(choice, "type", "tool_choice");
            if (type == "function" && choice.TryGetProperty("function", out var function) && function.ValueKind is JsonValueKind.Object
                && Fields.String(function, "name", "tool_choice.function") is var name && !names.Contains(name))
            {
                throw ApiException.Wrong("tool_choice", $"tool_choice must name one of tools, found \"{ApiException.Shown(name)}\"");
            }

            throw ApiException.Unsupported("tool_choice", Forced);
        }

        var word = Fields.String(choice, "tool_choice");
        if (word is not ("auto" or "none" or "required"))
            throw ApiException.Wrong("tool_choice", $"tool_choice must be auto, none or required, found \"{ApiException.Shown(word)}\"");
        if (names.Count == 0 && word != "none")
            throw ApiException.Wrong("tool_choice", "tool_choice needs tools, found none");
        return word == "required" ? throw ApiException.Unsupported("tool_choice", Forced) : word == "auto";
    }

    [GeneratedRegex("^[a-zA-Z0-9_-]{1,64}$")]
    private static partial Regex Name();
}
