using System.Globalization;
using AkkaCp.Bench.Cluster;

// The control plane of a cluster of two nodes, each a process with one context-parallel rank of one thread, over loopback.
//   AkkaCp.Bench.Cluster latency MODEL [STEPS]       from the coordinator's plan to the first kernel of every rank
//   AkkaCp.Bench.Cluster soak MODEL STEPS            many small steps: memory, handles and threads of the nodes meanwhile
//   AkkaCp.Bench.Cluster node MODEL PORT             one of the nodes; the program starts them itself
switch (args)
{
    case ["latency", var model, .. var rest]:
        await LatencyBench.RunAsync(model, rest is [var count, ..] ? Number(count) : 3000);
        return 0;
    case ["soak", var model, var steps]:
        await SoakBench.RunAsync(model, Number(steps));
        return 0;
    case [NodeProcess.Word, var model, var port]:
        await BenchNode.RunAsync(model, Number(port));
        return 0;
    default:
        await Console.Error.WriteLineAsync($"expected latency MODEL [STEPS] or soak MODEL STEPS, found {string.Join(' ', args)}");
        return 2;
}

static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
