using System.Text.Json;
using Microsoft.Extensions.AI;

namespace AkkaCp.Engine.Chat;

/// <summary>Hermes tool calls, <c>{"name": …, "arguments": {…}}</c>, to and from the abstractions' contents.</summary>
internal static class ToolCallJson
{
    /// <summary>A model's call; null when the text is no such object, which then is text like any other.</summary>
    public static FunctionCallContent? Parse(string body, string callId)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("name", out var name)
                || name.ValueKind != JsonValueKind.String)
            {
                return null;
            }

            return Arguments(root) is { } arguments ? new FunctionCallContent(callId, name.GetString()!, arguments) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>A call of an earlier turn as the chat template takes it.</summary>
    public static PromptToolCall ToPrompt(FunctionCallContent call) => new(
        call.CallId, call.Name,
        JsonSerializer.SerializeToElement(call.Arguments ?? new Dictionary<string, object?>(), AIJsonUtilities.DefaultOptions));

    /// <summary>The result of a call as text: strings as they are, all else as JSON.</summary>
    public static string ResultText(FunctionResultContent result) => result.Result switch
    {
        null => "",
        string text => text,
        JsonElement { ValueKind: JsonValueKind.String } text => text.GetString()!,
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
                ["parameters"] = function.JsonSchema,
            },
        },
        AIJsonUtilities.DefaultOptions);

    private static Dictionary<string, object?>? Arguments(JsonElement root)
    {
        if (!root.TryGetProperty("arguments", out var arguments))
            return [];
        if (arguments.ValueKind != JsonValueKind.Object)
            return null;
        return arguments.EnumerateObject().ToDictionary(field => field.Name, field => (object?)field.Value.Clone());
    }
}
