using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using AkkaCp.Engine.Prompting;
using Microsoft.Extensions.AI;

namespace AkkaCp.Engine.Chat;

/// <summary>Calls, their results and functions between the abstractions' contents and JSON.</summary>
internal static class ToolCallJson
{
    private static readonly JsonSerializerOptions s_readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A model's call.</summary>
    public static FunctionCallContent ToContent(ToolCall call, string callId) => new(
        callId, call.Name,
        call.Arguments.ToDictionary(
            field => field.Key, field => field.Value is null ? null : (object?)JsonSerializer.SerializeToElement(field.Value)));

    /// <summary>A value as JSON in a text.</summary>
    public static string Text(JsonNode? value) => value?.ToJsonString(s_readable) ?? "null";

    /// <summary>A call of an earlier turn as the chat template takes it.</summary>
    public static PromptToolCall ToPrompt(FunctionCallContent call)
    {
        var arguments = call.Arguments?.ToDictionary(field => field.Key, field => WellFormed(field.Value)) ?? [];
        return new PromptToolCall(call.CallId, call.Name, JsonSerializer.SerializeToElement(arguments, AIJsonUtilities.DefaultOptions));
    }

    /// <summary>The result of a call as text: strings as they are, all else as JSON.</summary>
    public static string ResultText(FunctionResultContent result) => WellFormed(result.Result) switch
    {
        null => "",
        string text => text,
        JsonValue value when value.TryGetValue<string>(out var text) => text,
        var other => JsonSerializer.Serialize(other, AIJsonUtilities.DefaultOptions),
    };

    /// <summary>A function as the chat template takes it, in OpenAI's form.</summary>
    public static JsonElement ToPrompt(AIFunctionDeclaration function) => JsonSerializer.SerializeToElement(
        new Dictionary<string, object?>
        {
            ["type"] = "function",
            ["function"] = new Dictionary<string, object?>
            {
                ["name"] = function.Name,
                ["description"] = function.Description,
                ["parameters"] = WellFormed(function.JsonSchema),
            },
        },
        AIJsonUtilities.DefaultOptions);

    // The JSON library throws when it writes an element with half a surrogate pair, and when it reads one with a name twice.
    private static object? WellFormed(object? value) => value switch
    {
        JsonElement { ValueKind: JsonValueKind.Undefined } => null,
        JsonElement element when WellFormedJson.TryParse(element.GetRawText(), out var node) => node,
        _ => value,
    };
}
