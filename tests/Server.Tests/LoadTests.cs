using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Xunit;

namespace AkkaCp.Server.Tests;

/// <summary>Measures the process's memory, so nothing else runs beside it. AKKACP_LOAD says for how many seconds there is load.</summary>
[CollectionDefinition(nameof(LoadTests), DisableParallelization = true)]
[Collection(nameof(LoadTests))]
public class LoadTests
{
    private const int Clients = 64;
    private const int Exchanges = 48;
    private const int Parts = 5;
    private const int GatewayShare = 5;

    // Kestrel's and the array pools' buffers come and go by so much, whatever time has passed.
    private const long Buffers = 2 << 20;
    private const int ShortestPrompt = 16;
    private const int LongestPrompt = 3500;

    private static readonly int s_seconds =
        int.Parse(Environment.GetEnvironmentVariable("AKKACP_LOAD") ?? "5", CultureInfo.InvariantCulture);

    // How often so many milliseconds passed between two events of a stream.
    private readonly int[] _gaps = new int[60_000];
    private int _answers;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>
    /// Prompts of 16 to 3500 tokens, chats and completions, tools, several choices, log-probabilities, whole and as streams, in a pool that
    /// does not hold them all. Between its parts nobody runs, and the heap is measured.
    /// </summary>
    [Fact]
    public async Task SixtyFourClients_GetTheAnswersThatEachGetsAlone_AndMemoryStays()
    {
        await using var app = await DemoService.StartAsync(DemoService.Options(("akka-cp.kv-cache.tokens", "65536")));
        using var client = new ApiClient(app.Urls.First());
        await client.UntilReadyAsync();
        var heap = await LoadAsync(client, s_seconds);
        Assert.True(heap[^1] <= heap[0] + Math.Max(heap[0] / 20, Buffers), string.Join(", ", heap));
    }

    [Fact]
    public async Task SixtyFourClientsOfAGateway_GetTheAnswersThatEachGetsAlone()
    {
        await using var gateway = await DemoGateway.StartAsync();
        await LoadAsync(gateway.Client, Math.Max(1, s_seconds / GatewayShare));
    }

    /// <returns>The heap in bytes behind each part.</returns>
    private async Task<List<long>> LoadAsync(ApiClient client, int seconds)
    {
        var exchanges = await DrawAsync(client);
        var alone = new List<(string Answer, int Choices)>();
        foreach (var exchange in exchanges)
        {
            var whole = await client.AskAsync(exchange.Path, exchange.Body);
            alone.Add((exchange.Comparable(whole), whole["choices"]!.AsArray().Count));
        }

        var heap = new List<long>();
        for (var part = 0; part < Parts; part++)
        {
            var end = Stopwatch.GetTimestamp() + (seconds * Stopwatch.Frequency / Parts);
            await Task.WhenAll(Enumerable.Range(part * Clients, Clients).Select(number => AskAsync(number, end)));
            heap.Add(GC.GetTotalMemory(forceFullCollection: true));
            TestContext.Current.TestOutputHelper!.WriteLine(
                $"{seconds * (part + 1) / Parts} s: {_answers} answers; heap {heap[^1] / 1e6:F1} MB, "
                + $"working set {Environment.WorkingSet / 1e6:F0} MB");
        }

        TestContext.Current.TestOutputHelper!.WriteLine($"between tokens: p50 {Gap(0.5)} ms, p99 {Gap(0.99)} ms, longest {Gap(1)} ms");
        return heap;

        async Task AskAsync(int number, long end)
        {
            var random = new Random(number);
            while (Stopwatch.GetTimestamp() < end)
            {
                var i = random.Next(Exchanges);
                var answer = random.Next(4) == 0
                    ? exchanges[i].Comparable(await client.AskAsync(exchanges[i].Path, exchanges[i].Body))
                    : exchanges[i].Assemble(await StreamAsync(client, exchanges[i]), alone[i].Choices);
                Assert.True(alone[i].Answer == answer, $"{exchanges[i].Body.ToJsonString()}\n{alone[i].Answer}\n{answer}");
                Interlocked.Increment(ref _answers);
            }
        }
    }

    /// <summary>Milliseconds that a share of all gaps are within.</summary>
    private int Gap(double share)
    {
        var left = (long)(share * _gaps.Sum(count => (long)count));
        return _gaps.TakeWhile(count => (left -= count) > 0).Count();
    }

    private async Task<List<JsonNode>> StreamAsync(ApiClient client, Exchange exchange)
    {
        var body = exchange.Streaming;
        body["stream"] = true;
        using var answer = await client.PostAsync(exchange.Path, body.ToJsonString(), Cancelled);
        var events = new List<string>();
        var last = 0L;
        await foreach (var data in ApiClient.EventsAsync(answer))
        {
            var now = Stopwatch.GetTimestamp();
            if (events.Count > 1)
                Interlocked.Increment(ref _gaps[Math.Min((int)Stopwatch.GetElapsedTime(last, now).TotalMilliseconds, _gaps.Length - 1)]);
            last = now;
            events.Add(data);
        }

        Assert.Equal("[DONE]", events[^1]);
        return [.. events.SkipLast(1).Select(data => JsonNode.Parse(data)!)];
    }

    private static async Task<List<Exchange>> DrawAsync(ApiClient client)
    {
        const string sentence = "Ada has 61 shells. Ivan gives Ada 33 more. ";
        var asked = new JsonObject { ["content"] = sentence };
        var tokens = (await client.AskAsync("/tokenize", asked))["tokens"]!.AsArray().Select(token => (int)token!).ToList();
        return [.. Enumerable.Range(0, Exchanges).Select(Draw)];

        Exchange Draw(int number)
        {
            var random = new Random(number);
            var length = (int)(ShortestPrompt * Math.Pow((double)LongestPrompt / ShortestPrompt, random.NextDouble()));
            if (random.Next(4) == 0)
            {
                var completion = Draws.Completion(random);
                completion["prompt"] = new JsonArray(
                    [.. Enumerable.Range(0, length).Select(i => (JsonNode)tokens[(i + number) % tokens.Count])]);
                return new Exchange(Exchange.Completions, completion);
            }

            var chat = Draws.RichChat(random);
            var text = string.Concat(Enumerable.Repeat($"{number} {sentence}", length / (tokens.Count + 2)));
            chat["messages"]!.AsArray().Add(new JsonObject { ["role"] = "user", ["content"] = $"{text} how many?" });
            return new Exchange(Chat.Path, chat);
        }
    }
}
