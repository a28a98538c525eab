using System.Diagnostics;
using System.Text.Json;
using AkkaCp.Engine;

namespace AkkaCp.Bench.Cluster;

/// <summary>
/// A node in a process of its own. It answers what comes on its standard input, one line for each: <see cref="AskState"/>,
/// <see cref="AskTimes"/>; it ends with the input.
/// </summary>
internal static class BenchNode
{
    /// <summary>Answered by a <see cref="NodeState"/>.</summary>
    public const string AskState = "state";

    /// <summary>Answered by all <see cref="StepTime"/>s since the last time.</summary>
    public const string AskTimes = "times";

    /// <summary>Runs the node that listens on the port.</summary>
    public static async Task RunAsync(string model, int port)
    {
        using var times = new StepTimes();
        var options = BenchCluster.Options(model);
        await using var node = await ClusterNode.StartAsync(options with
        {
            Threads = 1,
            Overrides = new Dictionary<string, string>(options.Overrides) { ["akka-cp.cluster.port"] = $"{port}" },
        });
        while (await Console.In.ReadLineAsync() is { } question)
        {
            Console.WriteLine(question switch
            {
                AskState => JsonSerializer.Serialize(StateOf(times)),
                AskTimes => JsonSerializer.Serialize(times.Take()),
                _ => throw new InvalidOperationException($"expected {AskState} or {AskTimes}, found {question}"),
            });
        }
    }

    private static NodeState StateOf(StepTimes times)
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var managed = GC.GetTotalMemory(forceFullCollection: true);
        using var self = Process.GetCurrentProcess();
        return new NodeState(
            times.Planned, managed, self.WorkingSet64, Directory.GetFiles("/proc/self/fd").Length, self.Threads.Count);
    }
}
