using System.Globalization;
using System.Net.Http.Json;

namespace AkkaCp.Bench.Serving;

/// <summary>
/// What HTTP, JSON and server-sent events cost a server for each token of 16 streams: the same chats, in turns, through
/// <c>InferenceEngine</c> inside the server's process and over HTTP from this one. One process answers both ways, so that its weights,
/// threads and compiled code are the same. A bias lets the model write letters only: each token is one event with text. Each chat begins
/// when the one before has, so that steps hold as many of them both ways.
/// </summary>
internal static class CostPerToken
{
    private const int Streams = 16;
    // In which code is compiled.
    private const int WarmRounds = 1;

    /// <summary>Prints a table.</summary>
    public static async Task RunAsync(string model, int tokens, int rounds)
    {
        await using var server = await CostServer.StartAsync(model);
        using var client = new HttpClient { BaseAddress = server.Address, Timeout = Timeout.InfiniteTimeSpan };
        var chats = Enumerable.Range(0, Streams).Select(stream => new Chat(stream, tokens, server.Letters)).ToList();
        Console.WriteLine("| round | engine: ms of processor for a token | over HTTP: ms | ratio "
            + "| engine: µs outside the ranks' threads | over HTTP: µs | more: µs | engine: B allocated | over HTTP: B | more: B |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|---|");
        var all = new List<double[]>();
        for (var round = 1 - WarmRounds; round <= rounds; round++)
        {
            var engine = await server.CostOfAsync(() => server.AnswerAsync(chats), Streams * tokens);
            var http = await server.CostOfAsync(() => AnswerAsync(client, chats), Streams * tokens);
            if (round < 1)
                continue;
            all.Add(Figures(engine, http));
            Print($"{round}", all[^1]);
        }

        Print("median", [.. all[0].Select((_, column) => Median(all.Select(row => row[column])))]);
    }

    private static double[] Figures(Cost engine, Cost http) =>
    [
        engine.All / 1e3, http.All / 1e3, http.All / engine.All, engine.Outside, http.Outside, http.Outside - engine.Outside,
        engine.Bytes, http.Bytes, http.Bytes - engine.Bytes,
    ];

    private static void Print(string round, double[] row) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"| {round} | {row[0]:0.000} | {row[1]:0.000} | {row[2]:0.000} | {row[3]:0} | {row[4]:0} | {row[5]:0} "
        + $"| {row[6]:0} | {row[7]:0} | {row[8]:0} |"));

    private static async Task AnswerAsync(HttpClient client, List<Chat> chats)
    {
        var reading = new List<Task>();
        foreach (var chat in chats)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions") { Content = JsonContent.Create(chat.Body) };
            reading.Add(ReadAsync(await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead), chat));
        }

        await Task.WhenAll(reading);
    }

    private static async Task ReadAsync(HttpResponseMessage answer, Chat chat)
    {
        using var response = answer;
        response.EnsureSuccessStatusCode();
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync());
        var events = 0;
        while (await lines.ReadLineAsync() is { } line)
            events += line.Contains("\"content\":", StringComparison.Ordinal) ? 1 : 0;
        // The first says the role.
        if (events != chat.Tokens + 1)
            throw new InvalidOperationException($"expected {chat.Tokens + 1} events with content, found {events}");
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }
}
