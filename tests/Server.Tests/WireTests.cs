using System.Globalization;
using System.Text.Json.Nodes;
using Xunit;

namespace AkkaCp.Server.Tests;

/// <summary>
/// For random valid requests: they, each answer and each chunk are what the service's description says, and an answer is the same whole,
/// streamed and repeated, its log-probabilities to the bit. AKKACP_WIRE says for how many, AKKACP_DEMO where the service is, unless it is
/// this test's own.
/// </summary>
public class WireTests(DemoService service)
{
    private const string Completions = "/v1/completions";

    private static readonly int s_count =
        int.Parse(Environment.GetEnvironmentVariable("AKKACP_WIRE") ?? "40", CultureInfo.InvariantCulture);

    [Fact]
    public async Task Answers_AreAsDescribed_AndTheSameWholeStreamedAndRepeated()
    {
        using var other = Environment.GetEnvironmentVariable("AKKACP_DEMO") is { } address ? new ApiClient(address) : null;
        var client = other ?? service.Client;
        var description = await Description.LoadAsync(client);
        foreach (var together in Enumerable.Range(0, s_count).Chunk(8))
            await Task.WhenAll(together.Select(AskAsync));

        async Task AskAsync(int i)
        {
            var random = new Random(i);
            var isChat = random.Next(4) > 0;
            var (path, body) = isChat ? (Chat.Path, Draws.RichChat(random)) : (Completions, Draws.Completion(random));
            description.Check(isChat ? "ChatCompletionBody" : "CompletionBody", body);
            var whole = await client.AskAsync(path, body);
            var again = await client.AskAsync(path, body);
            var chunks = await StreamAsync(client, path, body);

            description.Check(isChat ? "ChatCompletion" : "Completion", whole);
            chunks.ForEach(chunk => description.Check(isChat ? "ChatChunk" : "Completion", chunk));
            var (first, second, third) = isChat
                ? (Chat.Comparable(whole), Chat.Comparable(again), Chat.Assemble(chunks, (int?)body["n"] ?? 1))
                : (Comparable(whole), Comparable(again), Assemble(chunks, whole["choices"]!.AsArray().Count));
            Assert.True(first == second && first == third, $"{i}: {body.ToJsonString()}\n{first}\n{second}\n{third}");
        }
    }

    private static Task<List<JsonNode>> StreamAsync(ApiClient client, string path, JsonObject body)
    {
        var asked = body.DeepClone();
        asked["stream_options"] = new JsonObject { ["include_usage"] = true };
        asked["return_progress"] = false;
        return client.StreamAsync(path, asked);
    }

    private static string Comparable(JsonNode completion) =>
        $"{completion["choices"]!.ToJsonString()} {completion["usage"]!["total_tokens"]} {completion["usage"]!["completion_tokens"]}";

    private static string Assemble(List<JsonNode> chunks, int choices) => Comparable(new JsonObject
    {
        ["choices"] = new JsonArray(
            [.. Enumerable.Range(0, choices).Select(index => JsonNode.Parse(CompletionTests.Assemble(chunks, index)))]),
        ["usage"] = chunks[^1]["usage"]!.DeepClone(),
    });
}
