using System.Diagnostics;
using System.Globalization;
using AkkaCp.Collectives;
using AkkaCp.Collectives.Calls;
using AkkaCp.Collectives.Setup;
using AkkaCp.Collectives.Topology;
using AkkaCp.Npu;

namespace AkkaCp.Bench.Transport;

/// <summary>
/// All-gathers of large groups by direct exchange and round a ring. All data planes are in one process here: their sockets are the same,
/// and what differs between the two ways is how many transfers run at once.
/// </summary>
internal static class RingBench
{
    private const int Rounds = 5;
    private const int Columns = 1024;

    public static async Task RunAsync()
    {
        Console.WriteLine("| processes | bytes a rank | direct GB/s | ring GB/s |");
        Console.WriteLine("|---|---|---|---|");
        foreach (var processes in (int[])[3, 4, 5, 8])
        {
            var direct = await MeasureAsync(processes, int.MaxValue);
            var ring = await MeasureAsync(processes, 3);
            for (var i = 0; i < direct.Count; i++)
            {
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"| {processes} | {direct[i].Bytes >> 10} KiB | {direct[i].Rate:0.00} | {ring[i].Rate:0.00} |"));
            }
        }
    }

    // Bytes received by each rank over the time, the median of several rounds.
    private static async Task<List<(int Bytes, double Rate)>> MeasureAsync(int processes, int ringProcesses)
    {
        var planes = Enumerable.Range(0, processes)
            .Select(_ => DataPlane.Open(new DataPlaneOptions { RingProcesses = ringProcesses, RingBytes = 1 })).ToArray();
        PeerEndpoint[] endpoints = [.. planes.Select(plane => plane.Endpoint)];
        var meshes = await Task.WhenAll(planes.Select((plane, rank) => plane.ConnectAsync(new MeshSpec
        {
            Epoch = 1,
            Topology = new RankTopology(processes, processes, processes),
            Endpoints = endpoints,
            LocalRanks = [rank],
            Facts = new MeshFacts("none", "none", "float32"),
        }, CancellationToken.None)));
        var groups = meshes.Select((mesh, rank) => mesh.Group(GroupKind.AttnCp, rank)).ToArray();
        var results = new List<(int, double)>();
        foreach (var bytes in (int[])[1 << 20, 2 << 20, 4 << 20, 8 << 20, 16 << 20])
            results.Add((bytes, await RateAsync(groups, bytes)));

        foreach (var plane in planes)
            await plane.DisposeAsync();

        return results;
    }

    private static async Task<double> RateAsync(IRankGroup[] groups, int bytes)
    {
        using var pool = new TensorPool();
        var rows = bytes / (Columns * sizeof(float));
        int[] counts = [.. Enumerable.Repeat(rows, groups.Length)];
        var receives = groups.Select(_ => pool.Rent(DType.F32, rows * groups.Length, Columns)).ToArray();
        var times = Math.Max(2, (128 << 20) / (bytes * groups.Length));
        var rates = new double[Rounds];
        // The round before the first warms up.
        for (var round = -1; round < Rounds; round++)
        {
            var start = Stopwatch.GetTimestamp();
            var first = (round + 2) * 100_000L;
            await Task.WhenAll(
                groups.Select(group => Task.Run(() => GatherAsync(group, first, times, receives[group.Rank], rows, counts))));
            var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            if (round >= 0)
                rates[round] = (double)bytes * (groups.Length - 1) * times / seconds / 1e9;
        }

        return rates.Order().ElementAt(Rounds / 2);
    }

    private static async Task GatherAsync(IRankGroup group, long first, int times, Tensor receive, int rows, int[] counts)
    {
        for (var i = 0; i < times; i++)
        {
            var tag = new CollectiveTag(1, first + i, 0, CollectiveKind.KvGather);
            await group.AllGatherAsync(tag, receive.View.Slice(group.Rank * rows, rows), receive, counts, CancellationToken.None);
        }
    }
}
