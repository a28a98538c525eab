using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;
using AkkaCp.Server.Answers;
using AkkaCp.Server.Json;

namespace AkkaCp.Server.Completions;

/// <summary>Body of <c>POST /v1/completions</c>: raw prompts, continued.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record CompletionBody : SamplingBody
{
    private const string Shape = """
        {"anyOf":[{"type":"string","minLength":1},
          {"type":"array","minItems":1,"items":{"type":"integer","minimum":0}},
          {"type":"array","minItems":1,"maxItems":128,"items":{"anyOf":[{"type":"string","minLength":1},
            {"type":"array","minItems":1,"items":{"type":"integer","minimum":0}}]}}]}
        """;

    /// <summary>A text, its token ids, or a list of either.</summary>
    [Required, Shape(Shape)]
    public JsonElement Prompt { get; init; }

    /// <summary>Alternatives to list with each token, 0 to 20; none: no log-probabilities.</summary>
    [Range(0, 20)]
    public int? Logprobs { get; init; }

    /// <summary>n, or nothing.</summary>
    public int? BestOf { get; init; }

    /// <summary>false, or nothing.</summary>
    [Shape("""{"enum":[false,null]}""")]
    public bool? Echo { get; init; }

    /// <summary>Refused: text is continued, not filled in.</summary>
    [Shape("""{"type":"null"}""")]
    public JsonElement Suffix { get; init; }
}
