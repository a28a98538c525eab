using System.Text.Json;
using System.Text.Json.Serialization;

namespace AkkaCp.Server.Chat;

/// <summary>Body of <c>POST /v1/chat/completions</c>, with OpenAI's fields and those that llama.cpp and vLLM have beside them.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record ChatCompletionBody
{
    /// <summary>Name of the model; none takes the one that is here.</summary>
    public string? Model { get; init; }

    /// <summary>The conversation.</summary>
    public IReadOnlyList<ChatMessageBody?>? Messages { get; init; }

    /// <summary>Whether to answer as server-sent events.</summary>
    public bool? Stream { get; init; }

    /// <summary>What a stream has besides.</summary>
    public StreamOptionsBody? StreamOptions { get; init; }

    /// <summary>Whether a stream tells how far the prompt is.</summary>
    public bool? ReturnProgress { get; init; }

    /// <summary>Answers to give, 1 to 128.</summary>
    public int? N { get; init; }

    /// <summary>Tokens of an answer at most.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>The newer name of max_tokens.</summary>
    public int? MaxCompletionTokens { get; init; }

    /// <summary>A text that ends the answer, or up to 64 of them.</summary>
    public JsonElement Stop { get; init; }

    /// <summary>Names the random sequence; none: a fresh one.</summary>
    public long? Seed { get; init; }

    /// <summary>Divides the logits, 0 to 100; 0 is greedy.</summary>
    public float? Temperature { get; init; }

    /// <summary>Keeps the most probable tokens up to this sum.</summary>
    public float? TopP { get; init; }

    /// <summary>Keeps the k most probable tokens; 0 or −1 is off.</summary>
    public int? TopK { get; init; }

    /// <summary>Keeps tokens at least this fraction as probable as the best.</summary>
    public float? MinP { get; init; }

    /// <summary>Multiplicative penalty of what prompt and answer hold.</summary>
    public float? RepetitionPenalty { get; init; }

    /// <summary>Subtracted once for a token in the answer, −2 to 2.</summary>
    public float? PresencePenalty { get; init; }

    /// <summary>Subtracted for each time that a token is in the answer, −2 to 2.</summary>
    public float? FrequencyPenalty { get; init; }

    /// <summary>Added to the logits of single tokens, −100 to 100, by id.</summary>
    public JsonElement LogitBias { get; init; }

    /// <summary>Whether to give the tokens' log-probabilities.</summary>
    public bool? Logprobs { get; init; }

    /// <summary>Alternatives to list with each token, 0 to 20.</summary>
    public int? TopLogprobs { get; init; }

    /// <summary>Whether to go on past the model's end tokens.</summary>
    public bool? IgnoreEos { get; init; }

    /// <summary>Functions that the model may call.</summary>
    public IReadOnlyList<JsonElement>? Tools { get; init; }

    /// <summary>auto or none.</summary>
    public JsonElement ToolChoice { get; init; }

    /// <summary>true, or nothing.</summary>
    public bool? ParallelToolCalls { get; init; }

    /// <summary>text, or nothing.</summary>
    public JsonElement ResponseFormat { get; init; }

    /// <summary>How much the model is to think: none, minimal, low, medium, high, xhigh.</summary>
    public string? ReasoningEffort { get; init; }

    /// <summary>Variables of the chat template.</summary>
    public JsonElement ChatTemplateKwargs { get; init; }

    /// <summary>text alone, or nothing.</summary>
    public JsonElement Modalities { get; init; }

    /// <summary>Taken, and changes nothing.</summary>
    public JsonElement Store { get; init; }

    /// <summary>Taken, and changes nothing.</summary>
    public JsonElement Metadata { get; init; }

    /// <summary>Taken, and changes nothing.</summary>
    public JsonElement User { get; init; }

    /// <summary>Taken, and changes nothing.</summary>
    public JsonElement SafetyIdentifier { get; init; }

    /// <summary>Taken, and changes nothing: prompts are shared by their tokens.</summary>
    public JsonElement PromptCacheKey { get; init; }

    /// <summary>Taken, and changes nothing.</summary>
    public JsonElement PromptCacheRetention { get; init; }

    /// <summary>Taken, and changes nothing.</summary>
    public JsonElement PromptCacheOptions { get; init; }

    /// <summary>Taken, and changes nothing: the answer is the same without a guess at it.</summary>
    public JsonElement Prediction { get; init; }

    /// <summary>Taken, and changes nothing.</summary>
    public JsonElement ServiceTier { get; init; }

    /// <summary>Taken, and changes nothing.</summary>
    public JsonElement Verbosity { get; init; }

    /// <summary>Refused: there is no sound.</summary>
    public JsonElement Audio { get; init; }

    /// <summary>Refused: there is no search.</summary>
    public JsonElement WebSearchOptions { get; init; }

    /// <summary>Refused: tools have taken their place.</summary>
    public JsonElement Functions { get; init; }

    /// <summary>Refused: tool_choice has taken its place.</summary>
    public JsonElement FunctionCall { get; init; }

    /// <summary>Refused: nothing is moderated.</summary>
    public JsonElement Moderation { get; init; }
}

/// <summary>What a stream has besides its text.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record StreamOptionsBody
{
    /// <summary>Whether its last chunk counts tokens.</summary>
    public bool? IncludeUsage { get; init; }

    /// <summary>Taken, and changes nothing: chunks are not padded.</summary>
    public bool? IncludeObfuscation { get; init; }
}

/// <summary>A turn of the conversation.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record ChatMessageBody
{
    /// <summary>system, developer, user, assistant or tool.</summary>
    public string? Role { get; init; }

    /// <summary>A text, or a list of text parts.</summary>
    public JsonElement Content { get; init; }

    /// <summary>Who speaks; for tools the function.</summary>
    public string? Name { get; init; }

    /// <summary>What an assistant thought before it answered.</summary>
    public string? ReasoningContent { get; init; }

    /// <summary>The same by another name.</summary>
    public string? Reasoning { get; init; }

    /// <summary>Calls that an assistant made.</summary>
    public IReadOnlyList<ToolCallBody?>? ToolCalls { get; init; }

    /// <summary>The call that a tool answers.</summary>
    public string? ToolCallId { get; init; }

    /// <summary>Taken where it is null, as answers have it.</summary>
    public JsonElement Refusal { get; init; }

    /// <summary>Taken, and changes nothing, as answers have it.</summary>
    public JsonElement Annotations { get; init; }

    /// <summary>Taken where it is null, as answers have it.</summary>
    public JsonElement Audio { get; init; }

    /// <summary>Taken where it is null, as answers have it.</summary>
    public JsonElement FunctionCall { get; init; }
}

/// <summary>A call that an assistant made.</summary>
internal sealed record ToolCallBody
{
    /// <summary>Pairs it with its answer.</summary>
    public string? Id { get; init; }

    /// <summary>function.</summary>
    public string? Type { get; init; }

    /// <summary>Its place among the calls, as chunks have it.</summary>
    public int? Index { get; init; }

    /// <summary>What was called.</summary>
    public CalledFunctionBody? Function { get; init; }
}

/// <summary>A function and its arguments.</summary>
internal sealed record CalledFunctionBody
{
    /// <summary>Its name.</summary>
    public string? Name { get; init; }

    /// <summary>JSON in a string.</summary>
    public string? Arguments { get; init; }
}
