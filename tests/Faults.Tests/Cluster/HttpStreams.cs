using System.Diagnostics;
using System.Text.Json.Nodes;
using AkkaCp.Faults.Tests.Hosts;
using Xunit;

namespace AkkaCp.Faults.Tests.Cluster;

/// <summary>
/// Sixteen streams over HTTP at once, some with log-probabilities, some with two choices, and the answer that each had whole before
/// anything happened.
/// </summary>
internal sealed class HttpStreams
{
    private const int Streams = 16;
    private const string Data = "data: ";
    private const string Done = "[DONE]";
    private const string Path = "/v1/completions";
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(240);

    private readonly FaultCluster _cluster;
    private readonly HostProcess[] _streams;
    private readonly string[] _expected;

    private HttpStreams(FaultCluster cluster, HostProcess[] streams, string[] expected) =>
        (_cluster, _streams, _expected) = (cluster, streams, expected);

    /// <summary>Asks for the whole answers, and then for the same as streams; all are on their way when this ends.</summary>
    /// <param name="cluster">Its gateway runs.</param>
    public static async Task<HttpStreams> StartAsync(FaultCluster cluster)
    {
        var whole = Enumerable.Range(1, Streams).Select(number => cluster.StartCurl($"whole {number}", Path, Body(number))).ToList();
        var expected = new string[Streams];
        for (var i = 0; i < Streams; i++)
            expected[i] = await TextAsync(cluster, whole[i]);
        var streams = Enumerable.Range(1, Streams)
            .Select(number => cluster.StartCurl($"stream {number}", Path, Body(number, stream: true))).ToArray();
        await Task.WhenAll(streams.Select(stream => stream.WaitForAsync("30 events", one => Events(one).Count() >= 30, s_limit)));
        return new HttpStreams(cluster, streams, expected);
    }

    /// <summary>Waits for the ends; every text must be whole, nothing twice, and the last word be said once.</summary>
    public async Task EndAsync()
    {
        for (var i = 0; i < Streams; i++)
        {
            var events = await EventsAsync(i);
            Assert.True(events[^1] == Done, $"{_streams[i].Label}: expected {Done}, found {events[^1]}{_cluster.Tail()}");
            Assert.Equal(1, events.Count(one => one == Done));
            Assert.Equal(_expected[i], string.Join('\n', Answers(events.SkipLast(1).Select(Parse))));
        }
    }

    /// <summary>Waits for the ends; every stream must say last that nobody is there to compute it.</summary>
    public async Task FailAsync()
    {
        for (var i = 0; i < Streams; i++)
        {
            var events = await EventsAsync(i);
            var error = JsonNode.Parse(events[^1])?["error"];
            Assert.True("server_overloaded" == (string?)error?["code"], $"{_streams[i].Label}: {events[^1]}{_cluster.Tail()}");
            Assert.DoesNotContain(Done, events);
            var said = Answers(events.SkipLast(1).Select(Parse)).Zip(_expected[i].Split('\n'));
            Assert.All(said, one => Assert.StartsWith(one.First.TrimEnd(), one.Second, StringComparison.Ordinal));
        }
    }

    /// <summary>Asks again for the first whole answer, which must be the same as before.</summary>
    public async Task AskAgainAsync() => Assert.Equal(
        _expected[0], await TextAsync(_cluster, _cluster.StartCurl("again", Path, Body(1))));

    /// <summary>A new request must be refused with 503, and be told when to come again.</summary>
    public async Task BeRefusedAsync()
    {
        var late = _cluster.StartCurl("late", Path, Body(99));
        Assert.Equal(0, await late.WaitForExitAsync(s_limit));
        Assert.Matches("^503 [0-9]+$", late.Errors);
        Assert.Equal("server_overloaded", (string?)JsonNode.Parse(late.Output)!["error"]!["code"]);
    }

    /// <summary>The longest silence of any stream that ended after a moment.</summary>
    public TimeSpan LongestPause(long after) => _streams.Max(stream =>
    {
        var times = stream.OutputPieces.Select(piece => piece.Timestamp).ToList();
        return times.Zip(times.Skip(1), (one, next) => next > after ? Stopwatch.GetElapsedTime(one, next) : TimeSpan.Zero).Max();
    });

    private async Task<List<string>> EventsAsync(int index)
    {
        var exit = await _streams[index].WaitForExitAsync(s_limit);
        Assert.True(exit == 0, $"{_streams[index].Label}: expected exit code 0, found {exit}: {_streams[index].Tail()}{_cluster.Tail()}");
        return [.. Events(_streams[index])];
    }

    private static IEnumerable<string> Events(HostProcess stream) =>
        stream.Output.Split('\n').Where(line => line.StartsWith(Data, StringComparison.Ordinal)).Select(line => line[Data.Length..]);

    private static JsonNode Parse(string json) => JsonNode.Parse(json)!;

    /// <summary>Of each choice in turn a line of its text, and one of its tokens' log-probabilities, digit by digit.</summary>
    /// <param name="parts">A whole answer, or the events of a stream.</param>
    private static IEnumerable<string> Answers(IEnumerable<JsonNode> parts)
    {
        var choices = parts.SelectMany(part => part["choices"]!.AsArray()).ToLookup(choice => (int)choice!["index"]!);
        foreach (var pieces in choices.OrderBy(choice => choice.Key))
        {
            yield return JsonValue.Create(string.Concat(pieces.Select(piece => (string?)piece!["text"]))).ToJsonString().TrimEnd('"');
            yield return string.Concat(pieces.Where(piece => piece!["logprobs"] is not null)
                .SelectMany(piece => piece!["logprobs"]!["token_logprobs"]!.AsArray()).Select(value => $"{value!.ToJsonString()} "));
        }
    }

    private static async Task<string> TextAsync(FaultCluster cluster, HostProcess whole)
    {
        var exit = await whole.WaitForExitAsync(s_limit);
        return exit == 0 && JsonNode.Parse(whole.Output) is { } answer && answer["choices"] is not null
            ? string.Join('\n', Answers([answer]))
            : throw new InvalidOperationException($"expected an answer, found {exit}: {whole.Tail()}{cluster.Tail()}");
    }

    private static string Body(int number, bool stream = false) => new JsonObject
    {
        ["prompt"] = $"Ada has {17 + number} shells. Ivan gives Ada {5 + number} more. How many shells does Ada have now? ",
        ["max_tokens"] = 600,
        ["ignore_eos"] = true,
        ["temperature"] = 1,
        ["seed"] = number,
        ["n"] = number % 8 == 0 ? 2 : 1,
        ["logprobs"] = number % 3 == 0 ? 2 : null,
        ["stream"] = stream,
    }.ToJsonString();
}
