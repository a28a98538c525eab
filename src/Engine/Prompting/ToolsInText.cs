using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using AkkaCp.Text.Templates;

namespace AkkaCp.Engine.Prompting;

/// <summary>
/// A conversation with tools for a template that has no place for them: they stand in the system message, in the words that Hermes models
/// are taught by, and calls and their results in the messages that they belong to.
/// </summary>
internal static class ToolsInText
{
    private static readonly JsonSerializerOptions s_readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The same conversation, without tools in its input.</summary>
    public static ChatTemplateInput Of(ChatTemplateInput input)
    {
        var messages = input.Messages.Select(message => WithoutCalls(message!.DeepClone().AsObject())).ToList();
        var tools = Describe(input.Tools!);
        if (messages[0] is { } first && (string?)first["role"] == "system")
            first["content"] = $"{(string?)first["content"]}\n\n{tools}";
        else
            messages.Insert(0, new JsonObject { ["role"] = "system", ["content"] = tools });
        return input with { Tools = null, Messages = [.. messages] };
    }

    private static string Describe(IEnumerable<JsonNode?> tools) => $$"""
        # Tools

        You may call one or more functions to assist with the user query.

        You are provided with function signatures within <tools></tools> XML tags:
        <tools>
        {{string.Join('\n', tools.Select(tool => tool!.ToJsonString(s_readable)))}}
        </tools>

        For each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:
        <tool_call>
        {"name": <function-name>, "arguments": <args-json-object>}
        </tool_call>
        """;

    private static JsonObject WithoutCalls(JsonObject message)
    {
        if (message["tool_calls"] is JsonArray { Count: > 0 } calls)
        {
            var written = calls.Select(call => Call(call!["function"]!.AsObject()));
            message["content"] = string.Join('\n', written.Prepend((string?)message["content"] ?? "").Where(text => text.Length > 0));
            message.Remove("tool_calls");
        }

        if ((string?)message["role"] != "tool")
            return message;
        message["role"] = "user";
        message["content"] = $"<tool_response>\n{(string?)message["content"]}\n</tool_response>";
        return message;
    }

    private static string Call(JsonObject function)
    {
        var arguments = function["arguments"];
        var text = arguments is JsonValue value && value.TryGetValue<string>(out var json) ? json : arguments?.ToJsonString(s_readable);
        return $"<tool_call>\n{{\"name\": {function["name"]!.ToJsonString(s_readable)}, \"arguments\": {text ?? "{}"}}}\n</tool_call>";
    }
}
