using System.Text.Json;

namespace AkkaCp.Engine;

/// <summary>
/// Asks for a continuation of exactly one of <see cref="Messages"/>, <see cref="Prompt"/> and <see cref="Tokens"/>. Lists are copied
/// when the request is handed in; changing them later changes nothing.
/// </summary>
public sealed record GenerationRequest
{
    /// <summary>Stop strings of a request at most.</summary>
    public const int MaxStopStrings = 64;

    /// <summary>Answers of a request at most.</summary>
    public const int MaxN = 128;

    /// <summary>Length of a stop string at most, in UTF-16 units.</summary>
    public const int MaxStopLength = 1024;

    /// <summary>Length of <see cref="CacheSalt"/> at most, in UTF-16 units.</summary>
    public const int MaxSaltLength = 256;

    /// <summary>A conversation, rendered with the model's chat template, the assistant's turn opened behind it.</summary>
    public IReadOnlyList<PromptMessage>? Messages { get; init; }

    /// <summary>Functions that the model may call, as the chat template takes them: JSON objects, in OpenAI's form. Where the template
    /// has no place for them they stand in the system message. Default none.</summary>
    public IReadOnlyList<JsonElement> Tools { get; init; } = [];

    /// <summary>Whether a template that knows thinking opens it. Default null: the template's own default.</summary>
    public bool? EnableThinking { get; init; }

    /// <summary>
    /// Further variables of the chat template, by name: reasoning_effort and whatever else the model's template reads
    /// (<c>chat_template_kwargs</c>). What looks like a control token in a value stays text. Names that the request itself gives, such as
    /// messages, tools and add_generation_prompt, are refused. Default none.
    /// </summary>
    public IReadOnlyDictionary<string, JsonElement> ChatTemplateKwargs { get; init; } = new Dictionary<string, JsonElement>();

    /// <summary>A text that is encoded as it stands, control tokens included: the caller answers for what is in it.</summary>
    public string? Prompt { get; init; }

    /// <summary>Token ids.</summary>
    public IReadOnlyList<int>? Tokens { get; init; }

    /// <summary>Tokens to generate at most. Default null: the model's max_new_tokens, or up to its context length.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>Answers to give, from 1 to 128, all at once; <see cref="GenerationChunk.Choice"/> tells whose a chunk is. Answer i is that
    /// of a request with N = 1 and the seed i higher. Default 1.</summary>
    public int N { get; init; } = 1;

    /// <summary>How tokens are chosen, over the model's generation defaults.</summary>
    public SamplingOverrides Sampling { get; init; } = new();

    /// <summary>Texts that end the answer, at most 64; neither they nor parts of them are emitted. Behind messages they do not count in
    /// the reasoning. Default none.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>
    /// Who shares keys and values: a request takes over what earlier ones of the same salt have computed for the same tokens, and is faster
    /// then, which they may notice. A server gives each of its users another, that no client chooses. Changes no answer. At most 256
    /// characters. Default none: shared among all requests without one.
    /// </summary>
    public string? CacheSalt { get; init; }

    /// <summary>Generate on past the model's end tokens. Default off.</summary>
    public bool IgnoreEos { get; init; }
}

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
