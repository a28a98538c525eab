using System.Diagnostics;
using System.Text.Json;

namespace AkkaCp.Bench.Cluster;

/// <summary>
/// From the moment when the coordinator has planned a step to the moment when a rank begins the step's first kernel, for decode steps of
/// one stream, where every step waits for the one before, and of four streams, where the ranks may be busy with the step before.
/// </summary>
internal static class LatencyBench
{
    private static readonly JsonSerializerOptions s_names = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>Prints one JSON object.</summary>
    public static async Task RunAsync(string model, int steps)
    {
        await using var cluster = await BenchCluster.StartAsync(model);
        var results = new List<object>();

        // Until the runtime has compiled for good what runs often.
        await RunStreamsAsync(cluster, streams: 4, steps);
        foreach (var streams in new[] { 1, 4 })
        {
            await TimesAsync(cluster);
            await RunStreamsAsync(cluster, streams, steps);
            results.AddRange(Tables(await TimesAsync(cluster), streams));
        }

        Console.WriteLine(JsonSerializer.Serialize(new { results }, s_names));
    }

    private static async Task RunStreamsAsync(BenchCluster cluster, int streams, int tokens) => await Task.WhenAll(
        Enumerable.Range(1, streams).Select(stream => cluster.GenerateAsync(stream, prompt: 8, Math.Min(tokens, cluster.Engine.ContextLength - 8))));

    private static async Task<List<StepTime>> TimesAsync(BenchCluster cluster)
    {
        var all = new List<StepTime>();
        foreach (var node in cluster.Nodes)
        {
            all.AddRange(await node.AskAsync<List<StepTime>>(BenchNode.AskTimes));
        }

        return all;
    }

    /// <summary>One row for the rank beside the coordinator and one for the rank in the other process.</summary>
    private static IEnumerable<object> Tables(List<StepTime> times, int streams)
    {
        var planned = times.Where(time => time.Rank == StepTime.Coordinator).ToDictionary(time => (time.Epoch, time.Step), time => time.Time);
        foreach (var rank in times.Where(time => time.Rank != StepTime.Coordinator).GroupBy(time => time.Rank).OrderBy(group => group.Key))
        {
            var micros = rank.Where(time => planned.ContainsKey((time.Epoch, time.Step)))
                .Select(time => Stopwatch.GetElapsedTime(planned[(time.Epoch, time.Step)], time.Time).TotalMicroseconds).Order().ToArray();
            yield return new
            {
                streams,
                rank = rank.Key,
                steps = micros.Length,
                median_us = At(micros, 0.5),
                p90_us = At(micros, 0.9),
                p99_us = At(micros, 0.99),
            };
        }
    }

    private static double At(double[] sorted, double share) => Math.Round(sorted[(int)(share * (sorted.Length - 1))], 1);
}
