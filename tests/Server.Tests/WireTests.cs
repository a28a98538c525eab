using System.Globalization;
using Xunit;

namespace AkkaCp.Server.Tests;

/// <summary>
/// For random valid requests: they, each answer and each chunk are what the service's description says, and an answer is the same whole,
/// streamed and repeated, its log-probabilities to the bit. AKKACP_WIRE says for how many, AKKACP_DEMO where the service is, unless it is
/// this test's own.
/// </summary>
public class WireTests(DemoService service)
{
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
            var exchange = random.Next(4) > 0
                ? new Exchange(Chat.Path, Draws.RichChat(random))
                : new Exchange(Exchange.Completions, Draws.Completion(random));
            var (path, body) = exchange;
            description.Check(exchange.IsChat ? "ChatCompletionBody" : "CompletionBody", body);
            var whole = await client.AskAsync(path, body);
            var again = await client.AskAsync(path, body);
            var chunks = await client.StreamAsync(path, exchange.Streaming);

            description.Check(exchange.IsChat ? "ChatCompletion" : "Completion", whole);
            chunks.ForEach(chunk => description.Check(exchange.IsChat ? "ChatChunk" : "Completion", chunk));
            var (first, second) = (exchange.Comparable(whole), exchange.Comparable(again));
            var third = exchange.Assemble(chunks, whole["choices"]!.AsArray().Count);
            Assert.True(first == second && first == third, $"{i}: {body.ToJsonString()}\n{first}\n{second}\n{third}");
        }
    }
}
