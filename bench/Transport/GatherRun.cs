using System.Diagnostics;
using System.Globalization;
using System.Net;
using AkkaCp.Collectives.Setup;
using AkkaCp.Collectives.Topology;

namespace AkkaCp.Bench.Transport;

/// <summary>
/// Rates of all-gathers and times of small ones, beside bare sockets and memcpy, which take turns with them in every round. What is told
/// is the median of the rounds.
/// </summary>
internal sealed class GatherRun(PeerProcess processes)
{
    private const int Rounds = 5;
    private const int InFlight = 4;
    private const int SmallTimes = 2000;
    private static readonly int[] s_sizes = [64 << 10, 1 << 20, 16 << 20];

    private readonly byte[] _from = new byte[s_sizes[^1]];
    private readonly byte[] _to = new byte[s_sizes[^1]];

    public async Task RunAsync(DataPlaneOptions options)
    {
        using var listener = RawPair.Listen();
        await using var pair = await PairMesh.ConnectAsync(processes, options, ((IPEndPoint)listener.LocalEndPoint!).Port);
        using var raw = RawPair.Connect(listener, pair.PeerNumber, s_sizes[^1]);
        using var gather = new GatherBench(pair.Mesh.Group(GroupKind.AttnCp, processes.Rank), s_sizes[^1], InFlight);
        Warm(raw, gather);
        PrintRates(raw, gather);
        PrintRoundTrips(raw, gather);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);

    private void Warm(RawPair raw, GatherBench gather)
    {
        for (var i = 0; i < 3; i++)
        {
            raw.Exchange(1 << 20, 50, 1);
            Memcpy(s_sizes[^1], 10);
            gather.Gather(64 << 10, SmallTimes, 1);
            gather.Gather(1 << 20, 100, InFlight);
            gather.RoundTrips(SmallTimes);
            gather.Reduce(8 << 10, SmallTimes);
        }
    }

    private void PrintRates(RawPair raw, GatherBench gather)
    {
        processes.Print("GB/s of the bytes that each rank receives.");
        processes.Print("");
        processes.Print("| bytes a rank | memcpy | sockets, one at a time | all-gather, one at a time | share | sockets, 4 under way "
            + "| all-gather, 4 under way | share | sockets, streaming | managed bytes a gather |");
        processes.Print("|---|---|---|---|---|---|---|---|---|---|");
        foreach (var bytes in s_sizes)
        {
            var times = (int)Math.Clamp((384L << 20) / bytes, 16, 4000);
            var rates = Interleave(
                () => Rate(gather, bytes, times, () => Memcpy(bytes, times)),
                () => Rate(gather, bytes, times, () => raw.Exchange(bytes, times, 1)),
                () => Rate(gather, bytes, times, () => gather.Gather(bytes, times, 1)),
                () => Rate(gather, bytes, times, () => raw.Exchange(bytes, times, InFlight)),
                () => Rate(gather, bytes, times, () => gather.Gather(bytes, times, InFlight)),
                () => Rate(gather, bytes, times, () => raw.Exchange(bytes, times, times)));
            var managed = gather.ManagedBytes(bytes, times);
            processes.Print(Text($"| {bytes >> 10} KiB | {rates[0]:0.00} | {rates[1]:0.00} | {rates[2]:0.00} | {rates[2] / rates[1]:0 %} ")
                + Text($"| {rates[3]:0.00} | {rates[4]:0.00} | {rates[4] / rates[3]:0 %} | {rates[5]:0.00} | {managed:0.0} |"));
        }
    }

    private void PrintRoundTrips(RawPair raw, GatherBench gather)
    {
        var micros = Interleave(
            () => Micros(gather, () => raw.PingPong(64, SmallTimes, processes.Rank == 0)),
            () => Micros(gather, () => gather.RoundTrips(SmallTimes)),
            () => Micros(gather, () => gather.Reduce(8 << 10, SmallTimes)),
            () => Micros(gather, () => gather.Gather(4 << 10, SmallTimes, 1)));
        processes.Print("");
        processes.Print("| small | µs |");
        processes.Print("|---|---|");
        processes.Print(Text($"| 64 bytes there and back, sockets | {micros[0]:0.0} |"));
        processes.Print(Text($"| 64 bytes there and back, a transfer each way | {micros[1]:0.0} |"));
        processes.Print(Text($"| all-reduce of 8 KiB | {micros[2]:0.0} |"));
        processes.Print(Text($"| all-gather of 4 KiB a rank | {micros[3]:0.0} |"));
    }

    // Each way once in every round, so that what else the machine does meets all alike.
    private static double[] Interleave(params Func<double>[] ways)
    {
        var results = ways.Select(_ => new double[Rounds]).ToArray();
        for (var round = 0; round < Rounds; round++)
        {
            for (var way = 0; way < ways.Length; way++)
                results[way][round] = ways[way]();
        }

        return [.. results.Select(Median)];
    }

    private static double Rate(GatherBench gather, int bytes, int times, Action work) =>
        (double)bytes * times / Seconds(gather, work) / 1e9;

    private static double Micros(GatherBench gather, Action work) => Seconds(gather, work) * 1e6 / SmallTimes;

    private static double Seconds(GatherBench gather, Action work)
    {
        // Both processes begin together.
        gather.Gather(4 << 10, 1, 1);
        var start = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private void Memcpy(int bytes, int times)
    {
        // On one process only: both at once would share the memory's bandwidth.
        for (var i = 0; i < (processes.IsPeer ? 0 : times); i++)
            _from.AsSpan(0, bytes).CopyTo(_to);
    }
}
