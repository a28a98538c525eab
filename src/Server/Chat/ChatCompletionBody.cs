using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;
using AkkaCp.Server.Answers;
using AkkaCp.Server.Json;

namespace AkkaCp.Server.Chat;

/// <summary>Body of <c>POST /v1/chat/completions</c>, with OpenAI's fields and those that llama.cpp and vLLM have beside them.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record ChatCompletionBody : SamplingBody
{
    /// <summary>The conversation.</summary>
    [Required, MinLength(1)]
    public IReadOnlyList<ChatMessageBody?>? Messages { get; init; }

    /// <summary>The newer name of max_tokens.</summary>
    [Range(1, int.MaxValue)]
    public int? MaxCompletionTokens { get; init; }

    /// <summary>Whether to give the tokens' log-probabilities.</summary>
    public bool? Logprobs { get; init; }

    /// <summary>Alternatives to list with each token, 0 to 20.</summary>
    [Range(0, 20)]
    public int? TopLogprobs { get; init; }

    /// <summary>Functions that the model may call.</summary>
    [Shape(Shapes.Tools)]
    public IReadOnlyList<JsonElement>? Tools { get; init; }

    /// <summary>auto or none.</summary>
    [Shape("""{"enum":["auto","none",null]}""")]
    public JsonElement ToolChoice { get; init; }

    /// <summary>true, or nothing.</summary>
    [Shape("""{"enum":[true,null]}""")]
    public bool? ParallelToolCalls { get; init; }

    /// <summary>text, or nothing.</summary>
    [Shape("""{"type":["object","null"],"properties":{"type":{"enum":["text"]}},"required":["type"]}""")]
    public JsonElement ResponseFormat { get; init; }

    /// <summary>How much the model is to think: none, minimal, low, medium, high, xhigh.</summary>
    [Shape("""{"enum":["none","minimal","low","medium","high","xhigh",null]}""")]
    public string? ReasoningEffort { get; init; }

    /// <summary>Variables of the chat template.</summary>
    [Shape("""{"type":["object","null"]}""")]
    public JsonElement ChatTemplateKwargs { get; init; }

    /// <summary>text alone, or nothing.</summary>
    [Shape("""{"enum":[["text"],null]}""")]
    public JsonElement Modalities { get; init; }

    /// <summary>Taken, and changes nothing.</summary>
    public JsonElement Store { get; init; }

    /// <summary>Taken, and changes nothing.</summary>
    public JsonElement Metadata { get; init; }

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
    [Shape(Shapes.Null)]
    public JsonElement Audio { get; init; }

    /// <summary>Refused: there is no search.</summary>
    [Shape(Shapes.Null)]
    public JsonElement WebSearchOptions { get; init; }

    /// <summary>Refused: tools have taken their place.</summary>
    [Shape(Shapes.Null)]
    public JsonElement Functions { get; init; }

    /// <summary>Refused: tool_choice has taken its place.</summary>
    [Shape(Shapes.Null)]
    public JsonElement FunctionCall { get; init; }

    /// <summary>Refused: nothing is moderated.</summary>
    [Shape(Shapes.Null)]
    public JsonElement Moderation { get; init; }
}

/// <summary>A turn of the conversation.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record ChatMessageBody
{
    /// <summary>system, developer, user, assistant or tool.</summary>
    [Required, Shape("""{"enum":["system","developer","user","assistant","tool"]}""")]
    public string? Role { get; init; }

    /// <summary>A text, or a list of text parts.</summary>
    [Shape(Shapes.Content)]
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
    [Shape(Shapes.Null)]
    public JsonElement Audio { get; init; }

    /// <summary>Taken where it is null, as answers have it.</summary>
    [Shape(Shapes.Null)]
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
