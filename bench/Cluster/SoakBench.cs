using System.Diagnostics;
using System.Globalization;

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
    private const int PrintedSamples = 20;
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(10);

    /// <summary>Prints a table of samples, some twenty over the whole time, and what has grown.</summary>
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
            states.Add(await node.AskAsync<NodeState>(BenchNode.AskState));

        return new Sample(Math.Round(Stopwatch.GetElapsedTime(start).TotalSeconds, 1), states.Sum(state => state.StepsPlanned), states);
    }

    private static void Print(List<Sample> samples, int requests)
    {
        Console.WriteLine(Text($"{samples[^1].Steps} steps of {requests} requests in {samples[^1].Seconds:0} s."));
        Console.WriteLine();
        Console.WriteLine("| steps | node | managed MB | resident MB | handles | threads |");
        Console.WriteLine("|---|---|---|---|---|---|");
        for (var i = 0; i < samples.Count; i += Math.Max(1, samples.Count / PrintedSamples))
        {
            foreach (var (node, state) in samples[i].Nodes.Index())
            {
                Console.WriteLine(Text($"| {samples[i].Steps} | {node} | {state.ManagedBytes / 1e6:0.0} | {state.ResidentBytes / 1e6:0} ")
                    + Text($"| {state.Handles} | {state.Threads} |"));
            }
        }

        Console.WriteLine();
        Console.WriteLine("Growth: the mean of the last tenth of the samples less that of as many behind the first tenth of the steps.");
        Console.WriteLine();
        Console.WriteLine("| node | managed MB | resident MB | handles | threads |");
        Console.WriteLine("|---|---|---|---|---|");
        for (var node = 0; node < samples[0].Nodes.Count; node++)
        {
            Console.WriteLine(Text($"| {node} | {Grown(samples, node, state => state.ManagedBytes / 1e6):0.00} ")
                + Text($"| {Grown(samples, node, state => state.ResidentBytes / 1e6):0.0} ")
                + Text($"| {Grown(samples, node, state => state.Handles):0.0} ")
                + Text($"| {Grown(samples, node, state => state.Threads):0.0} |"));
        }
    }

    private static double Grown(List<Sample> samples, int node, Func<NodeState, double> value)
    {
        var tenth = Math.Max(1, samples.Count / 10);
        return samples.TakeLast(tenth).Average(sample => value(sample.Nodes[node]))
            - samples.Where(sample => sample.Steps >= samples[^1].Steps / 10).Take(tenth).Average(sample => value(sample.Nodes[node]));
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private sealed record Sample(double Seconds, long Steps, IReadOnlyList<NodeState> Nodes);
}
