using AkkaCp.Actors.Protocol;
using AkkaCp.Scheduling.Requests;

namespace AkkaCp.Actors.Tests.Simulation;

/// <summary>
/// A cluster with its clients in virtual time, from one seed: the logic of edges, coordinators, nodes and ranks is the product's; actor
/// system, network, membership and pipelines are simulated. For a while things go wrong; then everything is mended, and all requests have
/// to end in bounded time and leave nothing behind.
/// </summary>
internal sealed class Simulation
{
    private const int FaultsUntil = 20_000;
    private const int MostTime = 400_000;

    private readonly List<SimNode> _nodes = [];
    private readonly List<SimProcess> _clients = [];
    private readonly List<SimRequest> _requests = [];
    private readonly Dictionary<Guid, SimMesh> _meshes = [];
    private readonly Faults _faults;
    private int _processes;
    private int _actors;

    public Simulation(int seed, bool isTraced = false, bool prefixCache = true)
    {
        Draw = new Draw(seed);
        var scenario = Scenario.Of(Draw);
        Scenario = scenario with { Limits = scenario.Limits with { PrefixCache = prefixCache } };
        Trace = isTraced ? new Trace(Time) : null;
        Network = new SimNetwork(this) { Loss = Scenario.Loss, Doubling = Scenario.Doubling, Lateness = Scenario.Lateness };
        Membership = new SimMembership(this);
        _faults = new Faults(this);
    }

    public VirtualTime Time { get; } = new();

    public Draw Draw { get; }

    public Scenario Scenario { get; }

    public Trace? Trace { get; }

    public SimNetwork Network { get; }

    public SimMembership Membership { get; }

    public IReadOnlyList<SimNode> Nodes => _nodes;

    public IReadOnlyList<SimProcess> Clients => _clients;

    public IReadOnlyList<SimProcess> Processes => [.. _nodes.Select(node => node.Process), .. _clients];

    /// <summary>Whose turn it is; null for nobody's.</summary>
    public SimActor? Speaker { get; set; }

    /// <summary>Whether things may go wrong still.</summary>
    public bool IsFaulty { get; private set; } = true;

    /// <summary>Runs it to its end.</summary>
    /// <exception cref="SimulationException">Something is not as it has to be.</exception>
    public void Run()
    {
        Trace?.Note(Scenario.ToString());
        Start();
        PlanFaults();
        while (IsFaulty || !_requests.TrueForAll(request => request.HasEnded))
            Next(() => $"no end of {_requests.Find(request => !request.HasEnded)}");
        while (WhyNotIdle() is { } why)
            Next(() => why);
    }

    public int NextActor() => ++_actors;

    public Guid NewId() => new(Draw.Next(0, int.MaxValue), 0, 0, [0, 0, 0, 0, 0, 0, 0, 0]);

    public SimProcess StartProcess(string name) => new(this, ++_processes, name);

    public SimMesh MeshOf(EpochTable table)
    {
        if (!_meshes.TryGetValue(table.Formation, out var mesh))
            _meshes.Add(table.Formation, mesh = new SimMesh(this, table));
        return mesh;
    }

    /// <summary>A node's process is started again, unless it lives.</summary>
    public void StartAgain(int index)
    {
        if (_nodes[index].Process.IsAlive)
            return;
        _nodes[index] = new SimNode(this, _nodes[index].Process.Name, Scenario.Places[index]);
        Trace?.Note($"{_nodes[index].Process} is started");
        Membership.ReconsiderLater(200, 3000);
    }

    public void GoOn(SimProcess process)
    {
        if (!process.IsPaused)
            return;
        Trace?.Note($"{process} goes on");
        process.GoOn();
        Membership.ReconsiderLater(100, 3000);
    }

    public void Mend()
    {
        Trace?.Note("cuts are mended");
        Network.Mend();
        Membership.ReconsiderLater(100, 5000);
    }

    /// <summary>Connections between ranks end after a time in which nothing comes.</summary>
    public void LoseUnreachableLater() => Time.After(Draw.Next(3000, 12_000), () =>
    {
        foreach (var mesh in _meshes.Values)
            mesh.LoseUnreachable();
    });

    /// <summary>Whether a request may end so.</summary>
    public bool MayFail(GenerationProtocol.Failed failed) => failed.Error switch
    {
        FailureKind.Fault => !Scenario.IsPatient || failed.Message.StartsWith("StageFailed", StringComparison.Ordinal),
        FailureKind.Busy or FailureKind.Unavailable => !Scenario.IsPatient,
        _ => false,
    };

    private void Start()
    {
        for (var i = 0; i < Scenario.Places.Length; i++)
            _nodes.Add(new SimNode(this, $"n{i}", Scenario.Places[i]));
        for (var i = 0; i < Scenario.Clients; i++)
            _clients.Add(StartProcess($"c{i}"));
        Membership.ReconsiderLater(1, 500);
        for (var i = 0; i < Scenario.Requests; i++)
        {
            var number = i + 1;
            Time.After(Draw.Next(1, 15_000), () => Request(number));
        }
    }

    private void Request(int number)
    {
        var node = Draw.Chance(0.3) ? Draw.Of(_nodes) : null;
        var process = node?.Process ?? Draw.Of(_clients);
        if (!process.IsAlive || node is { Actor.HasEnded: true })
            return;
        var request = new SimRequest(this, process, number);
        _requests.Add(request);
        node?.Requests.Add(request);
        request.Attach(process, node?.Actor ?? (Akka.Actor.IActorRef)new SimProxy(process, () => Draw.Of(_nodes).Actor));
        if (Draw.Chance(0.15))
            process.After(Draw.Next(0, 8000), request.Cancel);
    }

    private void PlanFaults()
    {
        for (var i = 0; i < Scenario.Faults; i++)
            Time.After(Draw.Next(500, FaultsUntil), () => _faults.Happen());
        Time.After(FaultsUntil, EndFaults);
    }

    private void EndFaults()
    {
        Trace?.Note("all is mended");
        IsFaulty = false;
        (Network.Loss, Network.Doubling, Network.Lateness) = (0, 0, 0);
        Mend();
        foreach (var process in Processes)
            GoOn(process);
        for (var i = 0; i < _nodes.Count; i++)
            StartAgain(i);
        Membership.ReconsiderLater(20_000, 25_000);
    }

    private void Next(Func<string> why)
    {
        if (Time.Now > MostTime)
            throw new SimulationException(why());
        Time.Next();
    }

    /// <summary>What is left when all requests have ended; null for nothing.</summary>
    private string? WhyNotIdle()
    {
        foreach (var node in _nodes)
        {
            if (node.Coordinator?.WhyNotIdle is { } why)
                return $"{node.Process}: {why}";
        }

        return null;
    }
}
