using System.Text.Json;
using AkkaCp.Engine;
using AkkaCp.Server.Http;

namespace AkkaCp.Server.Chat;

/// <summary>Reads the turns of a conversation.</summary>
internal static class ChatMessages
{
    private const string Assistant = "assistant";
    private const string Tool = "tool";
    private const string Developer = "developer";
    private const string System = "system";
    private static readonly string[] s_roles = [System, Developer, "user", Assistant, Tool];

    /// <summary>The turns.</summary>
    /// <exception cref="ApiException">What is wrong, and where.</exception>
    public static IReadOnlyList<PromptMessage> Read(IReadOnlyList<ChatMessageBody?>? messages)
    {
        if (messages is not { Count: > 0 })
        {
            throw ApiException.Wrong(
                "messages", $"messages must have at least one message, found {(messages is null ? "nothing" : "none")}");
        }


        return [.. messages.Select((message, index) => Read(message, $"messages[{index}]"))];
    }

    private static PromptMessage Read(ChatMessageBody? message, string field)
    {
        if (message is null)
            throw ApiException.Wrong(field, $"{field} must be a message, found null");
        if (message.Role is not { } role || !s_roles.Contains(role))
        {
            throw ApiException.Wrong($"{field}.role", $"{field}.role must be one of {string.Join(", ", s_roles)}, "
                + $"found {(message.Role is { } other ? $"\"{ApiException.Shown(other)}\"" : "nothing")}");
        }

        Fields.Refuse(message.Audio, $"{field}.audio", "must be null: there is no sound");
        Fields.Refuse(message.FunctionCall, $"{field}.function_call", "must be null: tool_calls have taken its place");
        if (role == Tool && string.IsNullOrEmpty(message.ToolCallId))
            throw ApiException.Wrong($"{field}.tool_call_id", $"{field}.tool_call_id must name the call that it answers, found nothing");
        if (role != Assistant && message.ToolCalls is not null)
            throw ApiException.Wrong($"{field}.tool_calls", $"{field}.tool_calls must be an assistant's, found a message of {role}");
        return new PromptMessage(role == Developer ? System : role, Content(message, $"{field}.content"))
        {
            ReasoningContent = message.ReasoningContent ?? message.Reasoning,
            Name = message.Name,
            ToolCallId = message.ToolCallId,
            ToolCalls = [.. (message.ToolCalls ?? []).Select((call, index) => Call(call, $"{field}.tool_calls[{index}]"))],
        };
    }

    /// <summary>A text, or text parts, a line each. An assistant who only called, or only thought, may have none.</summary>
    private static string Content(ChatMessageBody message, string field) => message.Content.ValueKind switch
    {
        JsonValueKind.String => message.Content.GetString()!,
        JsonValueKind.Array => string.Join('\n', message.Content.EnumerateArray().Select((part, i) => Part(part, $"{field}[{i}]"))),
        JsonValueKind.Null or JsonValueKind.Undefined when message.Role == Assistant => "",
        _ => throw Fields.Kind(message.Content, field, "a string or a list of text parts"),
    };

    private static string Part(JsonElement part, string field)
    {
        var type = Fields.String(Fields.Object(part, field), "type", field);
        return type switch
        {
            "text" => Fields.String(part, "text", field),
            "refusal" => Fields.String(part, "refusal", field),
            _ => throw ApiException.Wrong($"{field}.type", $"{field}.type must be text, found \"{ApiException.Shown(type)}\""),
        };
    }

    private static PromptToolCall Call(ToolCallBody? call, string field)
    {
        if (call?.Function is not { } function)
            throw ApiException.Wrong($"{field}.function", $"{field}.function must be an object with name and arguments, found nothing");
        if (call.Type is not (null or "function"))
            throw ApiException.Wrong($"{field}.type", $"{field}.type must be function, found \"{ApiException.Shown(call.Type)}\"");
        if (string.IsNullOrEmpty(function.Name))
            throw ApiException.Wrong($"{field}.function.name", $"{field}.function.name must be a name, found nothing");
        return new PromptToolCall(
            call.Id ?? "", function.Name, JsonSerializer.SerializeToElement(function.Arguments ?? "", HttpJson.Strict.String));
    }
}
