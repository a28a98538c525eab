using System.Text.Json.Nodes;

namespace AkkaCp.Server.Tests;

/// <summary>A request of one of the two surfaces, and its answers in a shape in which those that are the same are equal.</summary>
/// <param name="Path">Chat or completions.</param>
/// <param name="Body">What is asked.</param>
internal sealed record Exchange(string Path, JsonObject Body)
{
    public const string Completions = "/v1/completions";

    public bool IsChat => Path == Chat.Path;

    /// <summary>The body with which a stream tells all that a whole answer does.</summary>
    public JsonObject Streaming
    {
        get
        {
            var asked = Body.DeepClone().AsObject();
            asked["stream_options"] = new JsonObject { ["include_usage"] = true };
            asked["return_progress"] = false;
            return asked;
        }
    }

    /// <summary>A whole answer.</summary>
    public string Comparable(JsonNode whole) => IsChat ? Chat.Comparable(whole) : ComparableText(whole);

    /// <summary>What a stream adds up to.</summary>
    /// <param name="chunks">All its events but the last word.</param>
    /// <param name="choices">How many answers are in it.</param>
    public string Assemble(List<JsonNode> chunks, int choices) => IsChat ? Chat.Assemble(chunks, choices) : ComparableText(new JsonObject
    {
        ["choices"] = new JsonArray(
            [.. Enumerable.Range(0, choices).Select(index => JsonNode.Parse(CompletionTests.Assemble(chunks, index)))]),
        ["usage"] = chunks[^1]["usage"]!.DeepClone(),
    });

    private static string ComparableText(JsonNode completion) =>
        $"{completion["choices"]!.ToJsonString()} {completion["usage"]!["total_tokens"]} {completion["usage"]!["completion_tokens"]}";
}
