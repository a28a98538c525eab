using System.Text.Json;
using System.Text.Json.Nodes;
using AkkaCp.Text.Templates;

namespace AkkaCp.Cli;

/// <summary>
/// A conversation in a file: <c>messages</c>, and what a request has beside them for the chat template. Messages, tools and kwargs reach
/// the template as they are, with every key that they have; a key beside them that means nothing here is refused.
/// </summary>
internal static class MessagesFile
{
    private static readonly string[] s_keys =
        ["messages", "tools", "chat_template_kwargs", "add_generation_prompt", ChatTemplateInput.Thinking];
    private static readonly JsonDocumentOptions s_options = new() { AllowDuplicateProperties = false };

    /// <summary>The template's input.</summary>
    /// <param name="file">What errors call it.</param>
    /// <param name="text">Its text.</param>
    /// <exception cref="UsageException">No JSON, a key that is unknown, missing or of the wrong type.</exception>
    public static ChatTemplateInput Parse(string file, string text)
    {
        try
        {
            if (JsonNode.Parse(text, documentOptions: s_options) is not JsonObject json)
                throw Wrong(file, "an object with messages", "no object");
            if (json.Select(field => field.Key).FirstOrDefault(key => !s_keys.Contains(key)) is { } unknown)
                throw Wrong(file, $"{string.Join(", ", s_keys)} and no other keys", $"\"{unknown}\"");
            return Read(file, json);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException)
        {
            throw Wrong(file, "JSON", error.Message);
        }
    }

    private static ChatTemplateInput Read(string file, JsonObject json)
    {
        var kwargs = Kwargs(file, json["chat_template_kwargs"]);
        if (kwargs.Keys.FirstOrDefault(ChatTemplateInput.IsReserved) is { } reserved)
            throw Wrong(file, "variables of the template's own in chat_template_kwargs", $"{reserved}, {ChatTemplateInput.WhyReserved}");
        var thinking = json[ChatTemplateInput.Thinking]?.GetValue<bool>();
        if (thinking is not null && kwargs.ContainsKey(ChatTemplateInput.Thinking))
            throw Wrong(file, $"{ChatTemplateInput.Thinking} once", "it in chat_template_kwargs, too");
        return new ChatTemplateInput
        {
            Messages = json["messages"] is JsonArray messages ? [.. messages] : throw Wrong(file, "an array messages", "none"),
            Tools = Tools(file, json["tools"]),
            AddGenerationPrompt = json["add_generation_prompt"]?.GetValue<bool>() ?? true,
            EnableThinking = thinking,
            Variables = kwargs,
        };
    }

    private static IReadOnlyList<JsonNode?>? Tools(string file, JsonNode? tools) => tools switch
    {
        null or JsonArray { Count: 0 } => null,
        JsonArray array => [.. array],
        _ => throw Wrong(file, "an array tools", $"{tools.GetValueKind()}"),
    };

    private static Dictionary<string, JsonNode?> Kwargs(string file, JsonNode? kwargs) => kwargs switch
    {
        null => [],
        JsonObject variables => variables.ToDictionary(pair => pair.Key, pair => pair.Value),
        _ => throw Wrong(file, "an object chat_template_kwargs", $"{kwargs.GetValueKind()}"),
    };

    private static UsageException Wrong(string file, string expected, string found) =>
        new($"--messages: expected {expected} in {file}, found {found}");
}
