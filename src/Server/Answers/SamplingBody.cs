using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;
using AkkaCp.Engine;
using AkkaCp.Server.Json;

namespace AkkaCp.Server.Answers;

/// <summary>Fields that chats and raw prompts share.</summary>
internal abstract record SamplingBody
{
    /// <summary>Name of the model; none takes the one that is here.</summary>
    public string? Model { get; init; }

    /// <summary>Whether to answer as server-sent events.</summary>
    public bool? Stream { get; init; }

    /// <summary>What a stream has besides.</summary>
    public StreamOptionsBody? StreamOptions { get; init; }

    /// <summary>Whether a stream tells how far the prompt is.</summary>
    public bool? ReturnProgress { get; init; }

    /// <summary>Answers to give, 1 to 128.</summary>
    [Range(1, GenerationRequest.MaxN)]
    public int? N { get; init; }

    /// <summary>Tokens of an answer at most.</summary>
    [Range(1, int.MaxValue)]
    public int? MaxTokens { get; init; }

    /// <summary>A text that ends the answer, or up to 64 of them.</summary>
    [Shape("""
        {"anyOf":[{"type":"string","minLength":1},{"type":"array","maxItems":64,"items":{"type":"string","minLength":1}},{"type":"null"}]}
        """)]
    public JsonElement Stop { get; init; }

    /// <summary>Names the random sequence; none: a fresh one.</summary>
    [Shape("""{"type":["integer","null"],"minimum":0}""")]
    public long? Seed { get; init; }

    /// <summary>Divides the logits, 0 to 100; 0 is greedy.</summary>
    [Range(0.0, 100.0)]
    public float? Temperature { get; init; }

    /// <summary>Keeps the most probable tokens up to this sum.</summary>
    [Range(0.0, 1.0, MinimumIsExclusive = true)]
    public float? TopP { get; init; }

    /// <summary>Keeps the k most probable tokens; 0 or −1 is off.</summary>
    [Range(-1, int.MaxValue)]
    public int? TopK { get; init; }

    /// <summary>Keeps tokens at least this fraction as probable as the best.</summary>
    [Range(0.0, 1.0)]
    public float? MinP { get; init; }

    /// <summary>Multiplicative penalty of what prompt and answer hold.</summary>
    [Range(0.0, 100.0, MinimumIsExclusive = true)]
    public float? RepetitionPenalty { get; init; }

    /// <summary>Subtracted once for a token in the answer, −2 to 2.</summary>
    [Range(-2.0, 2.0)]
    public float? PresencePenalty { get; init; }

    /// <summary>Subtracted for each time that a token is in the answer, −2 to 2.</summary>
    [Range(-2.0, 2.0)]
    public float? FrequencyPenalty { get; init; }

    /// <summary>Added to the logits of single tokens, −100 to 100, by id.</summary>
    [Shape("""
        {"type":["object","null"],"additionalProperties":false,
          "patternProperties":{"^[0-9]+$":{"type":"number","minimum":-100,"maximum":100}}}
        """)]
    public JsonElement LogitBias { get; init; }

    /// <summary>Whether to go on past the model's end tokens.</summary>
    public bool? IgnoreEos { get; init; }

    /// <summary>Taken, and changes nothing.</summary>
    public JsonElement User { get; init; }
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
