using System.Diagnostics;
using System.Globalization;

namespace AkkaCp.Bench.Cluster;

/// <summary>
/// From the moment when the coordinator has planned a step to the moment when a rank begins the step's first kernel, for decode steps of
/// one stream, where every step waits for the one before, and of four streams, where the ranks may be busy with the step before.
/// </summary>
internal static class LatencyBench
{
    /// <summary>Prints a table.</summary>
    public static async Task RunAsync(string model, int steps)
    {
        await using var cluster = await BenchCluster.StartAsync(model);
        Console.WriteLine("| streams | rank | steps | median µs | 90 % µs | 99 % µs |");
        Console.WriteLine("|---|---|---|---|---|---|");
        // Until the runtime has compiled for good what runs often.
        await RunStreamsAsync(cluster, streams: 4, steps);
        foreach (var streams in new[] { 1, 4 })
        {
            await TimesAsync(cluster);
            await RunStreamsAsync(cluster, streams, steps);
            Print(await TimesAsync(cluster), streams);
        }
    }

    private static async Task RunStreamsAsync(BenchCluster cluster, int streams, int tokens) => await Task.WhenAll(
        Enumerable.Range(1, streams)
            .Select(stream => cluster.GenerateAsync(stream, prompt: 8, Math.Min(tokens, cluster.Engine.ContextLength - 8))));

    private static async Task<List<StepTime>> TimesAsync(BenchCluster cluster)
    {
        var all = new List<StepTime>();
        foreach (var node in cluster.Nodes)
            all.AddRange(await node.AskAsync<List<StepTime>>(BenchNode.AskTimes));

        return all;
    }

    // One row for each rank: rank 0 is in the coordinator's process, rank 1 in the other one.
    private static void Print(List<StepTime> times, int streams)
    {
        var planned = times.Where(time => time.Rank == StepTime.Coordinator)
            .ToDictionary(time => (time.Epoch, time.Step), time => time.Time);
        foreach (var rank in times.Where(time => time.Rank != StepTime.Coordinator).GroupBy(time => time.Rank).OrderBy(group => group.Key))
        {
            var micros = rank.Where(time => planned.ContainsKey((time.Epoch, time.Step)))
                .Select(time => Stopwatch.GetElapsedTime(planned[(time.Epoch, time.Step)], time.Time).TotalMicroseconds).Order().ToArray();
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {streams} | {rank.Key} | {micros.Length} | {At(micros, 0.5):0} | {At(micros, 0.9):0} | {At(micros, 0.99):0} |"));
        }
    }

    private static double At(double[] sorted, double share) => sorted[(int)(share * (sorted.Length - 1))];
}
