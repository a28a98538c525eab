using System.Text.Json.Serialization;
using AkkaCp.Server.Answers;

namespace AkkaCp.Server.Chat;

/// <summary>A whole answer.</summary>
internal sealed record ChatCompletion(
    string Id, string Object, long Created, string Model, IReadOnlyList<ChatChoice> Choices, TokenUsage Usage, string? ServiceTier = null);

/// <summary>One of its choices.</summary>
internal sealed record ChatChoice(
    int Index, ChatMessage Message,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] ChatLogprobs? Logprobs, string FinishReason);

/// <summary>What the assistant says.</summary>
internal sealed record ChatMessage(
    string Role,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Content,
    string? ReasoningContent,
    IReadOnlyList<ChatToolCall>? ToolCalls,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Refusal = null);

/// <summary>A call.</summary>
internal sealed record ChatToolCall(string Id, string Type, ChatFunction Function);

/// <summary>What is called, its arguments JSON in a string.</summary>
internal sealed record ChatFunction(string Name, string Arguments);

/// <summary>Log-probabilities of an answer's tokens, in order: of all that have text, reasoning and calls included.</summary>
internal sealed record ChatLogprobs(
    IReadOnlyList<TokenProbability> Content,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] IReadOnlyList<TokenProbability>? Refusal = null);

/// <summary>A piece of a stream.</summary>
internal sealed record ChatChunk(string Id, string Object, long Created, string Model, ChatChunkChoice[] Choices)
{
    /// <summary>Tokens, on the last chunk of a stream that asked for them; null on its others; left out of the rest.</summary>
    public UsageField? Usage { get; init; }

    /// <summary>How far the prompt is, where it was asked for.</summary>
    public PromptProgress? PromptProgress { get; init; }
}

/// <summary>What a piece adds to a choice.</summary>
internal sealed record ChatChunkChoice(
    int Index, ChatDelta Delta,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] ChatLogprobs? Logprobs = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? FinishReason = null);

/// <summary>What is new.</summary>
internal sealed record ChatDelta
{
    /// <summary>assistant, in the first chunk alone.</summary>
    public string? Role { get; init; }

    /// <summary>More of the answer.</summary>
    public string? Content { get; init; }

    /// <summary>More of the thoughts.</summary>
    public string? ReasoningContent { get; init; }

    /// <summary>More of the calls.</summary>
    public IReadOnlyList<ChatToolCallDelta>? ToolCalls { get; init; }
}

/// <summary>A call that begins, with all but its arguments; or more of its arguments.</summary>
/// <param name="Index">Its place among the calls.</param>
/// <param name="Id">Its id, where it begins.</param>
/// <param name="Type">function, where it begins.</param>
/// <param name="Function">What is called.</param>
internal sealed record ChatToolCallDelta(int Index, string? Id, string? Type, ChatFunctionDelta Function);

/// <summary>What is called.</summary>
/// <param name="Name">Its name, where the call begins.</param>
/// <param name="Arguments">More of its arguments.</param>
internal sealed record ChatFunctionDelta(string? Name, string Arguments);
