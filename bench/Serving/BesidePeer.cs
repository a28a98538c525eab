using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;

namespace AkkaCp.Bench.Serving;

/// <summary>
/// Our service and llama-server with the same weights, in turns, with the same requests over HTTP: the time to the first token and between
/// tokens with 1, 8 and 32 streams, and of a prompt's second turn. bench/peers.sh has the program, bench/Peers --write-only the file.
/// </summary>
internal static class BesidePeer
{
    private const int Prompt = 512;
    private const int Answer = 64;
    private const int Turn = 4096;
    private const int New = 40;
    private static readonly int[] s_streams = [1, 8, 32];

    /// <summary>Prints a table.</summary>
    /// <param name="model">Our directory.</param>
    /// <param name="gguf">The same weights.</param>
    /// <param name="program">llama-server.</param>
    /// <param name="rounds">Turns of each.</param>
    public static async Task RunAsync(string model, string gguf, string program, int rounds)
    {
        await using var own = await CostServer.StartAsync(model, stepsInside: 2);
        var most = s_streams.Max();
        using var peer = await PeerServer.StartAsync(program, gguf, most, Math.Max(Turn, most * (Prompt + Answer)) * 2);
        using var ours = new HttpClient { BaseAddress = own.Address, Timeout = Timeout.InfiniteTimeSpan };
        using var theirs = new HttpClient { BaseAddress = peer.Address, Timeout = Timeout.InfiniteTimeSpan };
        var random = new Random(1);
        Console.WriteLine("| streams | round | who | first token p50 s | longest s | between tokens p50 ms | p99 ms | tokens/s |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|");
        foreach (var streams in s_streams)
        {
            for (var round = 1; round <= rounds; round++)
            {
                foreach (var (who, client) in new[] { ("akkacp", ours), ("llama-server", theirs) })
                    Print($"{streams} | {round} | {who}", await TogetherAsync(client, streams, random, own.Letters));
            }
        }

        Console.WriteLine();
        Console.WriteLine("| round | who | first turn's first token s | second turn's s |");
        Console.WriteLine("|---|---|---|---|");
        for (var round = 1; round <= rounds; round++)
        {
            foreach (var (who, client) in new[] { ("akkacp", ours), ("llama-server", theirs) })
            {
                var prompt = Samples.Prompt(random, Turn);
                var first = await AskAsync(client, prompt, 1, own.Letters);
                var second = await AskAsync(client, [.. prompt, .. Samples.Prompt(random, New)], 1, own.Letters);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"| {round} | {who} | {first[0].TotalSeconds:0.000} | {second[0].TotalSeconds:0.000} |"));
            }
        }
    }

    private static void Print(string what, (List<TimeSpan[]> Times, TimeSpan Whole) all)
    {
        var first = all.Times.Select(times => times[0]).Order().ToList();
        var between = all.Times.SelectMany(times => times.Skip(1).Select((time, i) => time - times[i])).Order().ToList();
        var (median, late) = (Samples.At(between, 0.5), Samples.At(between, 0.99));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {what} | {Samples.At(first, 0.5).TotalSeconds:0.000} | {first[^1].TotalSeconds:0.000} | {median.TotalMilliseconds:0.0} "
            + $"| {late.TotalMilliseconds:0.0} | {all.Times.Sum(times => times.Length) / all.Whole.TotalSeconds:0.0} |"));
    }

    private static async Task<(List<TimeSpan[]> Times, TimeSpan Whole)> TogetherAsync(
        HttpClient client, int streams, Random random, IReadOnlyList<int> letters)
    {
        var started = Stopwatch.GetTimestamp();
        var asking = Enumerable.Range(0, streams).Select(_ => AskAsync(client, Samples.Prompt(random, Prompt), Answer, letters)).ToList();
        return ([.. await Task.WhenAll(asking)], Stopwatch.GetElapsedTime(started));
    }

    /// <summary>When each token came.</summary>
    private static async Task<TimeSpan[]> AskAsync(HttpClient client, int[] prompt, int tokens, IReadOnlyList<int> letters)
    {
        var body = new
        {
            prompt,
            max_tokens = tokens,
            ignore_eos = true,
            temperature = 0,
            // Letters alone: each token is one event with text.
            logit_bias = letters.ToDictionary(id => id.ToString(CultureInfo.InvariantCulture), _ => 100f),
            stream = true,
        };
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/completions") { Content = JsonContent.Create(body) };
        var started = Stopwatch.GetTimestamp();
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        response.EnsureSuccessStatusCode();
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync());
        var times = new List<TimeSpan>();
        while (await lines.ReadLineAsync() is { } line)
        {
            if (line.Contains("\"text\":\"", StringComparison.Ordinal) && !line.Contains("\"text\":\"\"", StringComparison.Ordinal))
                times.Add(Stopwatch.GetElapsedTime(started));
        }

        return times.Count == tokens ? [.. times] : throw new InvalidOperationException($"expected {tokens} tokens, found {times.Count}");
    }
}
