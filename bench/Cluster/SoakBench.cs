using System.Diagnostics;
using System.Text.Json;

namespace AkkaCp.Bench.Cluster;

/// <summary>
/// Many small steps: four streams of short requests, one after another, until the coordinator has planned so many. Every few seconds each
/// node says what it holds; what it holds at the end is compared with what it held when a tenth was done.
/// </summary>
internal static class SoakBench
{
    private const int Streams = 4;
    private const int Prompt = 12;
    private const int Tokens = 250;
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(10);
    private static readonly JsonSerializerOptions s_names = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>Prints one JSON object.</summary>
    public static async Task RunAsync(string model, int steps)
    {
        await using var cluster = await BenchCluster.StartAsync(model);
        using var enough = new CancellationTokenSource();
        var start = Stopwatch.GetTimestamp();
        var requests = 0;
        var streams = Enumerable.Range(0, Streams).Select(async stream =>
        {
            for (var i = 0; !enough.IsCancellationRequested; i++)
            {
                await cluster.GenerateAsync((i * Streams) + stream, Prompt, Tokens);
                Interlocked.Increment(ref requests);
            }
        }).ToArray();

        var samples = new List<Sample>();
        do
        {
            await Task.WhenAny(Task.Delay(s_pause), Task.WhenAll(streams));
            samples.Add(await SampleAsync(cluster, start));
            await Console.Error.WriteLineAsync($"{samples[^1].Steps} steps");
        }
        while (samples[^1].Steps < steps && !streams.Any(stream => stream.IsFaulted));

        await enough.CancelAsync();
        await Task.WhenAll(streams);
        Print(samples, requests);
    }

    private static async Task<Sample> SampleAsync(BenchCluster cluster, long start)
    {
        var states = new List<NodeState>();
        foreach (var node in cluster.Nodes)
        {
            states.Add(await node.AskAsync<NodeState>(BenchNode.AskState));
        }

        return new Sample(Math.Round(Stopwatch.GetElapsedTime(start).TotalSeconds, 1), states.Sum(state => state.StepsPlanned), states);
    }

    private static void Print(List<Sample> samples, int requests)
    {
        var early = samples.Where(sample => sample.Steps >= samples[^1].Steps / 10).Take(Math.Max(1, samples.Count / 10)).ToList();
        var late = samples.TakeLast(early.Count).ToList();
        var growth = Enumerable.Range(0, samples[0].Nodes.Count).Select(node => new
        {
            node,
            managed_bytes = Grown(early, late, node, state => state.ManagedBytes),
            resident_bytes = Grown(early, late, node, state => state.ResidentBytes),
            handles = Grown(early, late, node, state => state.Handles),
            threads = Grown(early, late, node, state => state.Threads),
        });
        Console.WriteLine(JsonSerializer.Serialize(
            new { steps = samples[^1].Steps, requests, seconds = samples[^1].Seconds, growth, samples }, s_names));
    }

    // The mean of the last tenth of the samples less that of the first ones behind a tenth of the steps.
    private static double Grown(List<Sample> early, List<Sample> late, int node, Func<NodeState, double> value) =>
        Math.Round(late.Average(sample => value(sample.Nodes[node])) - early.Average(sample => value(sample.Nodes[node])), 1);

    private sealed record Sample(double Seconds, long Steps, IReadOnlyList<NodeState> Nodes);
}
