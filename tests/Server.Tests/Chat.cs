using System.Text.Json.Nodes;
using Xunit;

namespace AkkaCp.Server.Tests;

/// <summary>Requests and answers of <c>/v1/chat/completions</c>.</summary>
internal static class Chat
{
    public const string Path = "/v1/chat/completions";

    public static JsonObject Ask(string text, params (string Name, JsonNode? Value)[] fields)
    {
        var body = new JsonObject { ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = text }) };
        foreach (var (name, value) in fields)
            body[name] = value;
        return body;
    }

    /// <summary>A whole answer's choices, without what differs between two answers that are the same.</summary>
    public static string Comparable(JsonNode completion) =>
        new JsonObject { ["choices"] = Anonymous(completion["choices"]!), ["usage"] = Counted(completion["usage"]!) }.ToJsonString();

    /// <summary>What a stream's chunks add up to, in the shape of <see cref="Comparable"/>; checks the rules of a stream on the
    /// way.</summary>
    public static string Assemble(IReadOnlyList<JsonNode> chunks, int n)
    {
        var usage = chunks[^1];
        Assert.Empty(usage["choices"]!.AsArray());
        Assert.NotNull(usage["usage"]);
        Assert.Single(chunks.Select(chunk => (string)chunk["id"]!).Distinct());
        Assert.Single(chunks.Select(chunk => (long)chunk["created"]!).Distinct());
        Assert.All(chunks, chunk => Assert.Equal("chat.completion.chunk", (string)chunk["object"]!));
        Assert.All(chunks.SkipLast(1), chunk => Assert.Null(chunk["usage"]));
        var choices = new JsonArray([.. Enumerable.Range(0, n).Select(index => Choice(chunks, index))]);
        return new JsonObject { ["choices"] = Anonymous(choices), ["usage"] = Counted(usage["usage"]!) }.ToJsonString();
    }

    /// <summary>Tokens, but for how many of them were in the cache: that is what differs when an answer is repeated.</summary>
    private static JsonNode Counted(JsonNode usage)
    {
        var copy = usage.DeepClone();
        copy["prompt_tokens_details"]!.AsObject().Remove("cached_tokens");
        return copy;
    }

    private static JsonObject Choice(IEnumerable<JsonNode> chunks, int index)
    {
        var pieces = chunks.SelectMany(chunk => chunk["choices"]!.AsArray()).Where(piece => (int)piece!["index"]! == index).ToList();
        var deltas = pieces.Select(piece => piece!["delta"]!.AsObject()).ToList();
        Assert.Equal("assistant", (string)deltas[0]["role"]!);
        Assert.All(deltas.Skip(1), delta => Assert.False(delta.ContainsKey("role")));
        Assert.All(pieces.SkipLast(1), piece => Assert.Null(piece!["finish_reason"]));
        var calls = Calls(deltas.Where(delta => delta.ContainsKey("tool_calls")).SelectMany(delta => delta["tool_calls"]!.AsArray()));
        var text = Join(deltas, "content");
        var message = new JsonObject
        {
            ["role"] = "assistant",
            ["content"] = calls.Count > 0 && text.Length == 0 ? null : text,
        };
        if (Join(deltas, "reasoning_content") is { Length: > 0 } reasoning)
            message["reasoning_content"] = reasoning;
        if (calls.Count > 0)
            message["tool_calls"] = new JsonArray([.. calls]);
        message["refusal"] = null;
        var tokens = pieces.Where(piece => piece!["logprobs"] is not null)
            .SelectMany(piece => piece!["logprobs"]!["content"]!.AsArray()).Select(token => token!.DeepClone()).ToList();
        return new JsonObject
        {
            ["index"] = index,
            ["message"] = message,
            ["logprobs"] = pieces[^1]!["logprobs"] is null
                ? null : new JsonObject { ["content"] = new JsonArray([.. tokens]), ["refusal"] = null },
            ["finish_reason"] = pieces[^1]!["finish_reason"]!.DeepClone(),
        };
    }

    private static string Join(IEnumerable<JsonObject> deltas, string field) =>
        string.Concat(deltas.Select(delta => delta.TryGetPropertyValue(field, out var text) ? (string?)text : ""));

    /// <summary>Calls of their deltas: the first of each has all but the arguments, one is told behind the other.</summary>
    private static List<JsonObject> Calls(IEnumerable<JsonNode?> deltas)
    {
        var calls = new List<JsonObject>();
        foreach (var delta in deltas)
        {
            var index = (int)delta!["index"]!;
            if (index == calls.Count)
            {
                Assert.Equal(["index", "id", "type", "function"], delta.AsObject().Select(field => field.Key));
                var begun = delta.DeepClone().AsObject();
                begun.Remove("index");
                calls.Add(begun);
                continue;
            }

            Assert.Equal(calls.Count - 1, index);
            Assert.Equal(["index", "function"], delta.AsObject().Select(field => field.Key));
            var more = Assert.Single(delta["function"]!.AsObject());
            var function = calls[index]["function"]!.AsObject();
            function[more.Key] = (string)function[more.Key]! + (string)more.Value!;
        }

        return calls;
    }

    private static JsonNode Anonymous(JsonNode choices)
    {
        var copy = choices.DeepClone();
        foreach (var choice in copy.AsArray())
        {
            if (choice!["message"]!.AsObject().TryGetPropertyValue("tool_calls", out var calls))
                calls!.AsArray().ToList().ForEach(call => call!["id"] = "call");
        }

        return copy;
    }
}
