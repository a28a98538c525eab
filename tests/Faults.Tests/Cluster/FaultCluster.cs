using System.Globalization;
using System.Text.RegularExpressions;
using AkkaCp.Faults.Tests.Hosts;
using AkkaCp.Testing;

namespace AkkaCp.Faults.Tests.Cluster;

/// <summary>
/// Nodes on hosts of their own, started as an operator starts them: <c>akkacp node --config FILE</c>. Two context-parallel ranks and what
/// is above them as spares. The last host runs no node: clients are there.
/// </summary>
internal sealed partial class FaultCluster : IAsyncDisposable
{
    private const int Ranks = 2;
    private const int ControlPort = 5213;
    private const int DataPort = 5214;
    private const int HttpPort = 8080;
    private static readonly TimeSpan s_startLimit = TimeSpan.FromSeconds(60);

    private readonly HostNetwork _network;
    private readonly string _folder = Directory.CreateTempSubdirectory("akkacp-faults").FullName;
    private readonly HostProcess?[] _nodes;
    private readonly List<HostProcess> _all = [];
    private readonly string _config;

    private FaultCluster(int nodes, TimeSpan delay, string more)
    {
        _network = new HostNetwork(nodes + 1, delay);
        _nodes = new HostProcess?[nodes];
        _config = Path.Combine(_folder, "cluster.conf");
        File.WriteAllText(_config, Config() + more);
    }

    /// <summary>The nodes' hosts.</summary>
    public IReadOnlyList<Host> Hosts => [.. _network.Hosts.Take(_nodes.Length)];

    /// <summary>Where the clients are.</summary>
    public Host Client => _network.Hosts[^1];

    /// <summary>Index of the node where the coordinator was when the cluster had started.</summary>
    public int CoordinatorNode { get; private set; }

    /// <summary>The program.</summary>
    public static string Program { get; } = Path.Combine(AppContext.BaseDirectory, "akkacp.dll");

    /// <summary>Starts the nodes and waits until the group serves.</summary>
    /// <param name="nodes">How many; the first two to come are ranks.</param>
    /// <param name="running">How many of them to start now.</param>
    /// <param name="delay">One way on every link.</param>
    /// <param name="more">Lines of the configuration.</param>
    public static async Task<FaultCluster> StartAsync(int nodes, int? running = null, TimeSpan delay = default, string more = "")
    {
        var cluster = new FaultCluster(nodes, delay, more);
        try
        {
            for (var i = 0; i < (running ?? nodes); i++)
                cluster.StartNode(i);
            await cluster.WaitUntilServingAsync(after: 0);
            for (var i = 0; i < (running ?? nodes); i++)
                await cluster.WaitUntilInAsync(i);
            cluster.CoordinatorNode = await cluster.FindCoordinatorAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts, or starts again, a node.</summary>
    public HostProcess StartNode(int index)
    {
        var host = _network.Hosts[index];
        var node = host.Start(LabelOf(host), ["dotnet", Program, "node", "--config", _config, .. On(host)]);
        _all.Add(node);
        return _nodes[index] = node;
    }

    /// <summary>A running node.</summary>
    public HostProcess Node(int index) => _nodes[index] ?? throw new InvalidOperationException($"node {index} was not started");

    /// <summary>Indices of the nodes that hold the ranks, by rank.</summary>
    public int[] RankNodes() => [.. (LastServing() ?? throw new InvalidOperationException($"no group has served: {Tail()}"))
        .OrderBy(line => line.Rank).Select(line => line.Node)];

    /// <summary>Waits until all ranks of an epoch serve, the last of them later than a moment.</summary>
    public async Task WaitUntilServingAsync(long after)
    {
        using var done = new CancellationTokenSource();
        var waits = _all.Where(node => !node.HasEnded).Select(node => node.WaitForAsync(
            "that the group serves", _ => ServingAfter(after) is not null, 3 * s_startLimit, done.Token)).ToList();
        while (waits.Count > 0)
        {
            var ended = await Task.WhenAny(waits);
            waits.Remove(ended);
            if (!ended.IsCompletedSuccessfully)
                continue;
            await done.CancelAsync();
            return;
        }

        throw new TimeoutException($"expected that the group serves within {3 * s_startLimit.TotalSeconds} s: {Tail()}");
    }

    /// <summary>When a node first left its group, later than a moment; null when none has.</summary>
    public long? DetectedAfter(long after) => _all.SelectMany(LinesOf)
        .Where(line => line.Timestamp > after && LeftGroup().IsMatch(line.Text)).Select(line => (long?)line.Timestamp).Min();

    /// <summary>When the last group that was complete later than a moment was complete; null when there was none.</summary>
    public long? ServingAfter(long after) =>
        LastServing() is { } group && group.Max(line => line.Timestamp) is var complete && complete > after ? complete : null;

    /// <summary>Waits until a node is part of the cluster: it is ready, or serves.</summary>
    public Task WaitUntilInAsync(int index) => Node(index).WaitForAsync(
        "to be ready", node => Ready().IsMatch(node.Output), s_startLimit);

    /// <summary>Starts a client that streams an answer.</summary>
    /// <param name="number">Chooses prompt and random sequence.</param>
    /// <param name="longPrompt">Whether the prompt fills most of the context.</param>
    /// <param name="host">Where it runs; null for the clients' host.</param>
    public HostProcess StartStream(int number, bool longPrompt = false, Host? host = null) => (host ?? Client).Start(
        $"stream {number}",
        ["dotnet", Program, "run", "--config", _config, .. On(host ?? Client), .. StreamArguments(number, longPrompt)]);

    /// <summary>Starts the HTTP service before the cluster, where the clients are.</summary>
    public async Task<HostProcess> StartGatewayAsync()
    {
        var gateway = Client.Start(
            "gateway", ["dotnet", Program, "serve", "--config", _config, "--port", $"{HttpPort}", .. On(Client)]);
        await gateway.WaitForAsync("to be ready", one => one.Errors.Contains(" is ready"), s_startLimit);
        return gateway;
    }

    /// <summary>Asks the HTTP service; standard output is the answer, standard error its status and Retry-After.</summary>
    /// <param name="label">For reports.</param>
    /// <param name="path">Which path.</param>
    /// <param name="body">What is posted; null to get.</param>
    public HostProcess StartCurl(string label, string path, string? body = null) => Client.Start(
        label,
        [
            "curl", "-sS", "-N", "-m", "240", "-w", "%{stderr}%{http_code} %header{retry-after}", $"http://127.0.0.1:{HttpPort}{path}",
            .. body is null ? (string[])[] : ["-H", "Content-Type: application/json", "-d", body],
        ]);

    /// <summary>Cuts the network in two; nobody of one side hears anybody of the other.</summary>
    /// <param name="side">Hosts of one side; the others are the other.</param>
    public void Divide(IReadOnlyCollection<Host> side)
    {
        foreach (var (here, there) in side.SelectMany(here => _network.Hosts.Except(side).Select(there => (here, there))))
        {
            here.Ignore(there);
            there.Ignore(here);
        }
    }

    /// <summary>Makes the network whole again.</summary>
    public void Unite()
    {
        foreach (var host in _network.Hosts)
            host.HearAll();
    }

    /// <summary>What a stream's text is when nothing goes wrong, from one process without a cluster.</summary>
    public static async Task<string> UndisturbedAsync(int number, bool longPrompt = false)
    {
        using var alone = new HostProcess(
            $"undisturbed {number}",
            ["dotnet", Program, "run", "--model", RepositoryFiles.DemoModel, "--attn-cp", "2", "--threads", "1",
                .. StreamArguments(number, longPrompt)]);
        var exit = await alone.WaitForExitAsync(s_startLimit);
        return exit == 0 ? alone.Output : throw new InvalidOperationException($"expected exit code 0, found {exit}: {alone.Tail()}");
    }

    /// <summary>What every node said last, for a failure's message.</summary>
    public string Tail() => string.Join(Environment.NewLine, _all.Select(node => node.Label + node.Tail()));

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _network.Dispose();
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    private static string[] StreamArguments(int number, bool longPrompt) =>
    [
        "--raw", "--ignore-eos", "--temperature", "1", "--seed", $"{number}",
        "--max-tokens", longPrompt ? "256" : "1200", Prompt(number, longPrompt),
    ];

    // A token of the demo model is a letter or a few.
    private static string Prompt(int number, bool isLong)
    {
        var question = $"Ada has {17 + number} shells. Ivan gives Ada {5 + number} more. How many shells does Ada have now? ";
        return isLong ? string.Concat(Enumerable.Repeat(question, 100)) : question;
    }

    private static string[] On(Host host) =>
    [
        "--set", $"akka-cp.cluster.host={host.Address}", "--set", $"akka-cp.transport.host={host.Address}",
        "--set", $"akka-cp.cluster.node-name={host.Name}",
    ];

    [GeneratedRegex(@"^\S+ serving ranks? (\d+) in epoch (\d+)")]
    private static partial Regex Serves();

    [GeneratedRegex(@"^\S+ (ready for|joining|stopped)")]
    private static partial Regex LeftGroup();

    [GeneratedRegex(@"coordinator at ([\d.]+):")]
    private static partial Regex CoordinatorAddress();

    [GeneratedRegex(@"^\S+ (ready|serving)", RegexOptions.Multiline)]
    private static partial Regex Ready();

    private string Config() => $$"""
        akka-cp {
          model.path = "{{RepositoryFiles.DemoModel}}"
          parallel.attn-cp = 2
          context-parallel.min-tokens = 16
          scheduler.chunk-tokens = 16
          device { threads = 1, pin = off }
          cluster {
            port = {{ControlPort}}
            seeds = [{{string.Join(", ", Hosts.Select(host => $"\"{host.Address}:{ControlPort}\""))}}]
          }
          transport { port = {{DataPort}}, insecure = on }
        }
        """;

    private async Task<int> FindCoordinatorAsync()
    {
        using var check = Client.Start("check", ["dotnet", Program, "check", "--config", _config, .. On(Client)]);
        await check.WaitForAsync("the coordinator's address", one => CoordinatorAddress().IsMatch(one.Output), s_startLimit);
        var address = CoordinatorAddress().Match(check.Output).Groups[1].Value;
        return Hosts.Index().Single(host => host.Item.Address == address).Index;
    }

    /// <summary>The lines of the newest epoch that all ranks have served in.</summary>
    private ServingLine[]? LastServing() => _all.SelectMany(node => LinesOf(node).Select(line => (node, line)))
        .Select(said => (said.node, said.line, match: Serves().Match(said.line.Text)))
        .Where(said => said.match.Success)
        .Select(said => new ServingLine(
            int.Parse(said.match.Groups[2].Value, CultureInfo.InvariantCulture),
            int.Parse(said.match.Groups[1].Value, CultureInfo.InvariantCulture),
            Hosts.Index().Single(host => said.node.Label == LabelOf(host.Item)).Index, said.line.Timestamp))
        .GroupBy(line => line.Epoch)
        .Where(epoch => epoch.DistinctBy(line => line.Rank).Count() == Ranks)
        .MaxBy(epoch => epoch.Key)?.ToArray();

    private static string LabelOf(Host host) => $"node {host.Name}";

    /// <summary>Lines with the time of the piece that they ended in.</summary>
    private static IEnumerable<TimedText> LinesOf(HostProcess node)
    {
        var rest = "";
        foreach (var piece in node.OutputPieces)
        {
            var lines = (rest + piece.Text).Split('\n');
            foreach (var line in lines[..^1])
                yield return new TimedText(piece.Timestamp, line);
            rest = lines[^1];
        }
    }

    private sealed record ServingLine(int Epoch, int Rank, int Node, long Timestamp);
}
