using System.Text.Json;

namespace AkkaCp.Engine;

/// <summary>One turn of a conversation, as a chat template sees it.</summary>
/// <param name="Role">system, developer, user, assistant or tool.</param>
/// <param name="Content">The text; what looks like a control token in it stays text.</param>
public sealed record PromptMessage(string Role, string Content)
{
    /// <summary>What an assistant thought before it answered; most templates drop it from earlier turns. Default none.</summary>
    public string? ReasoningContent { get; init; }

    /// <summary>Calls that an assistant made. Default none.</summary>
    public IReadOnlyList<PromptToolCall> ToolCalls { get; init; } = [];

    /// <summary>Id of the call that a tool message answers. Default none.</summary>
    public string? ToolCallId { get; init; }

    /// <summary>Name of the function, for tool messages. Default none.</summary>
    public string? Name { get; init; }

    /// <summary>What else the message has for the template, by key; none of the keys above. Default none.</summary>
    public IReadOnlyDictionary<string, JsonElement> AdditionalKeys { get; init; } = new Dictionary<string, JsonElement>();
}

/// <summary>A call that an assistant made.</summary>
/// <param name="Id">Pairs the call with its answer; may be empty.</param>
/// <param name="Name">The function's name.</param>
/// <param name="Arguments">A JSON object, or a text as a model wrote it.</param>
public sealed record PromptToolCall(string Id, string Name, JsonElement Arguments);
