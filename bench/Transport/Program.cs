using System.Diagnostics;
using System.Globalization;
using System.Net;
using AkkaCp.Bench.Transport;
using AkkaCp.Pipeline.Topology;
using AkkaCp.Transport;

// Two processes over loopback, started by this one: the data plane beside bare sockets and memcpy, in turn, in the same run.
//   AkkaCp.Bench.Transport [--eager BYTES] [--buffer BYTES] [--tls-dir DIR]     tls-dir: node.crt, node.key, ca.crt
//   AkkaCp.Bench.Transport ring                                                 direct exchange beside ring
if (args is ["ring"])
{
    await RingBench.RunAsync();
    return 0;
}

const string PeerWord = "peer";
int[] sizes = [64 << 10, 1 << 20, 16 << 20];
const int Rounds = 5;
const int InFlight = 4;

var isPeer = args is [PeerWord, ..];
var options = Options(args);
await using var plane = DataPlane.Open(options);
using var listener = RawPair.Listen();
var rawPort = ((IPEndPoint)listener.LocalEndPoint!).Port;
using var child = isPeer ? null : StartPeer();
var (peerEndpoint, peerRawPort) = Meet();

var rank = isPeer ? 1 : 0;
await using var mesh = await plane.ConnectAsync(new MeshPlan
{
    Epoch = 1,
    Topology = new RankTopology(2, 2, 2),
    Endpoints = isPeer ? [peerEndpoint, plane.Endpoint] : [plane.Endpoint, peerEndpoint],
    LocalRanks = [rank],
    Facts = new MeshFacts("none", "none", "float32"),
}, CancellationToken.None);
using var raw = RawPair.Connect(listener, peerRawPort, sizes[^1]);
using var gather = new GatherBench(mesh.Group(GroupKind.AttnCp, rank), sizes[^1], InFlight);
var from = new byte[sizes[^1]];
var to = new byte[sizes[^1]];
Warm();
Measure();
return 0;

void Warm()
{
    for (var i = 0; i < 3; i++)
    {
        raw.Exchange(1 << 20, 50, together: true);
        Memcpy(16 << 20, 10);
        gather.Gather(64 << 10, 2000, 1);
        gather.Gather(1 << 20, 100, InFlight);
        gather.RoundTrips(2000);
        gather.Reduce(8 << 10, 2000);
    }
}

void Measure()
{
    Say("GB/s of the bytes that each rank receives; medians of 5 rounds in which all ways take turns.");
    Say("");
    Say("| bytes a rank | memcpy | raw sockets, one at a time | all-gather, one at a time | share | raw sockets, streaming | all-gather, 4 under way | share | bytes managed a gather |");
    Say("|---|---|---|---|---|---|---|---|---|");
    foreach (var bytes in sizes)
    {
        var times = (int)Math.Clamp((384L << 20) / bytes, 16, 4000);
        var copy = new double[Rounds];
        var rawOne = new double[Rounds];
        var rawMany = new double[Rounds];
        var one = new double[Rounds];
        var many = new double[Rounds];
        double managed = 0;
        for (var round = 0; round < Rounds; round++)
        {
            copy[round] = GigabytesPerSecond(bytes, times, () => Memcpy(bytes, times));
            rawOne[round] = GigabytesPerSecond(bytes, times, () => raw.Exchange(bytes, times, together: true));
            one[round] = GigabytesPerSecond(bytes, times, () => gather.Gather(bytes, times, 1));
            rawMany[round] = GigabytesPerSecond(bytes, times, () => raw.Exchange(bytes, times, together: false));
            many[round] = GigabytesPerSecond(bytes, times, () => gather.Gather(bytes, times, InFlight));
            managed = gather.ManagedBytes(bytes, times);
        }

        Say(string.Create(CultureInfo.InvariantCulture,
            $"| {bytes >> 10} KiB | {Median(copy):0.00} | {Median(rawOne):0.00} | {Median(one):0.00} | {Median(one) / Median(rawOne):0 %} | "
            + $"{Median(rawMany):0.00} | {Median(many):0.00} | {Median(many) / Median(rawMany):0 %} | {managed:0.0} |"));
    }

    Say("");
    Say("| round trip | µs |");
    Say("|---|---|");
    Say($"| 64 bytes there and back, raw sockets | {Micros(2000, times => raw.PingPong(64, times, rank == 0))} |");
    Say($"| 64 bytes there and back, two broadcasts | {Micros(2000, gather.RoundTrips)} |");
    Say($"| all-reduce of 8 KiB | {Micros(2000, times => gather.Reduce(8 << 10, times))} |");
    Say($"| all-gather of 4 KiB a rank | {Micros(2000, times => gather.Gather(4 << 10, times, 1))} |");
}

void Say(string line)
{
    if (!isPeer)
    {
        Console.WriteLine(line);
    }
}

double GigabytesPerSecond(int bytes, int times, Action work)
{
    gather.Gather(4 << 10, 1, 1);
    var start = Stopwatch.GetTimestamp();
    work();
    return (double)bytes * times / Stopwatch.GetElapsedTime(start).TotalSeconds / 1e9;
}

string Micros(int times, Action<int> work)
{
    var results = new double[Rounds];
    for (var round = 0; round < Rounds; round++)
    {
        gather.Gather(4 << 10, 1, 1);
        var start = Stopwatch.GetTimestamp();
        work(times);
        results[round] = Stopwatch.GetElapsedTime(start).TotalMicroseconds / times;
    }

    return Median(results).ToString("0.0", CultureInfo.InvariantCulture);
}

void Memcpy(int bytes, int times)
{
    // On one process only: both at once would share the memory's bandwidth.
    if (isPeer)
    {
        return;
    }

    for (var i = 0; i < times; i++)
    {
        from.AsSpan(0, bytes).CopyTo(to);
    }
}

static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);

(PeerEndpoint Endpoint, int RawPort) Meet()
{
    var line = $"{plane.Endpoint} {rawPort}";
    var (say, hear) = isPeer ? (Console.Out, Console.In) : (child!.StandardInput, (TextReader)child.StandardOutput);
    say.WriteLine(line);
    say.Flush();
    var parts = hear.ReadLine()!.Split(' ');
    return PeerEndpoint.TryParse(parts[0], out var endpoint)
        ? (endpoint, int.Parse(parts[1], CultureInfo.InvariantCulture))
        : throw new InvalidOperationException($"expected an endpoint, found {parts[0]}");
}

Process StartPeer() => Process.Start(new ProcessStartInfo(Environment.ProcessPath!, [PeerWord, .. args])
{
    RedirectStandardInput = true,
    RedirectStandardOutput = true,
})!;

static DataPlaneOptions Options(string[] args)
{
    var options = new DataPlaneOptions();
    for (var i = 0; i + 1 < args.Length; i++)
    {
        options = args[i] switch
        {
            "--eager" => options with { EagerBytes = int.Parse(args[i + 1], CultureInfo.InvariantCulture) },
            "--buffer" => options with { SocketBufferBytes = int.Parse(args[i + 1], CultureInfo.InvariantCulture) },
            "--tls-dir" => options with
            {
                Tls = new TlsFiles
                {
                    CertificateFile = Path.Combine(args[i + 1], "node.crt"),
                    KeyFile = Path.Combine(args[i + 1], "node.key"),
                    AuthorityFile = Path.Combine(args[i + 1], "ca.crt"),
                },
            },
            _ => options,
        };
    }

    return options;
}
