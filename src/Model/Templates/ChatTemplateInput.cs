using System.Text.Json.Nodes;

namespace AkkaCp.Model.Templates;

/// <summary>A conversation to be written out. The JSON is read only.</summary>
public sealed record ChatTemplateInput
{
    /// <summary>The messages in order, each an object with <c>role</c>, <c>content</c> and what else the template reads.</summary>
    public required IReadOnlyList<JsonNode?> Messages { get; init; }

    /// <summary>Tools that the model may call, in the template's own form. Default null: none.</summary>
    public IReadOnlyList<JsonNode?>? Tools { get; init; }

    /// <summary>Whether the text ends with the beginning of the assistant's turn. Default true.</summary>
    public bool AddGenerationPrompt { get; init; } = true;

    /// <summary>Qwen3's switch for its thinking block. Default null: not defined, so the template's own default holds.</summary>
    public bool? EnableThinking { get; init; }
}
