using System.Text.Json;
using System.Text.Json.Serialization;
using AkkaCp.Server.Answers;

namespace AkkaCp.Server.Completions;

/// <summary>Body of <c>POST /v1/completions</c>: raw prompts, continued.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record CompletionBody : SamplingBody
{
    /// <summary>A text, its token ids, or a list of either.</summary>
    public JsonElement Prompt { get; init; }

    /// <summary>Alternatives to list with each token, 0 to 20; none: no log-probabilities.</summary>
    public int? Logprobs { get; init; }

    /// <summary>n, or nothing.</summary>
    public int? BestOf { get; init; }

    /// <summary>false, or nothing.</summary>
    public bool? Echo { get; init; }

    /// <summary>Refused: text is continued, not filled in.</summary>
    public JsonElement Suffix { get; init; }
}
