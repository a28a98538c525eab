using System.Text.Json;
using System.Text.Json.Serialization;

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
    public int? N { get; init; }

    /// <summary>Tokens of an answer at most.</summary>
    public int? MaxTokens { get; init; }

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
