using System.Text.Json.Nodes;

namespace AkkaCp.Text.Templates;

/// <summary>A conversation to be written out. The JSON is read only.</summary>
public sealed record ChatTemplateInput
{
    /// <summary>Name of Qwen3's switch for its thinking block.</summary>
    public const string Thinking = "enable_thinking";

    /// <summary>Why <see cref="IsReserved"/> refuses a name.</summary>
    public const string WhyReserved = "a name that the request or apply_chat_template itself takes";

    // The parameters of apply_chat_template; of them, documents alone is handed through to the template as it is.
    private static readonly HashSet<string> s_reserved =
    [
        "messages", "conversation", "tools", "chat_template", "add_generation_prompt", "continue_final_message", "tokenize", "padding",
        "truncation", "max_length", "return_tensors", "return_dict", "return_assistant_tokens_mask", "tokenizer_kwargs",
    ];

    /// <summary>The messages in order, each an object with <c>role</c>, <c>content</c> and what else the template reads.</summary>
    public required IReadOnlyList<JsonNode?> Messages { get; init; }

    /// <summary>Tools that the model may call, in the template's own form. Default null: none.</summary>
    public IReadOnlyList<JsonNode?>? Tools { get; init; }

    /// <summary>Whether the text ends with the beginning of the assistant's turn. Default true.</summary>
    public bool AddGenerationPrompt { get; init; } = true;

    /// <summary>The variable <see cref="Thinking"/>. Default null: not defined, so the template's own default holds.</summary>
    public bool? EnableThinking { get; init; }

    /// <summary>
    /// Further variables by name, as <c>chat_template_kwargs</c> gives them; they win over the tokenizer's special tokens. Default none.
    /// </summary>
    public IReadOnlyDictionary<string, JsonNode?> Variables { get; init; } = new Dictionary<string, JsonNode?>();

    /// <summary>Whether a variable of that name would replace what is given elsewhere, or never reach a template.</summary>
    public static bool IsReserved(string name) => s_reserved.Contains(name);
}
