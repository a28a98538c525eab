using System.Collections.Immutable;
using Akka.Actor;
using AkkaCp.Actors.Coordinator;
using AkkaCp.Actors.Nodes;

namespace AkkaCp.Actors.Tests.Simulation;

/// <summary>One process of a node: what outlives its memberships, and the actors of the membership of now.</summary>
internal sealed class SimNode
{
    private readonly List<SimPipeline> _disposals = [];
    private readonly List<SimNodeActor> _loading = [];
    private ImmutableArray<int> _target;
    private long _loads;

    public SimNode(Simulation world, string name, int places)
    {
        Process = world.StartProcess(name);
        Host = new SimHost(name, places, world.Scenario.Limits.KvBlocks + world.Draw.Next(0, world.Scenario.MostSpareBlocks + 1));
        Context = new NodeContext(Host);
        CoordinatorContext = new CoordinatorContext(world.Scenario.LimitsBefore, SimHost.SameFacts, world.Scenario.Rules)
        {
            Control = Process.Control,
            ClusterSize = () => world.Nodes.Count(node => node.Process.IsAlive && world.Network.IsReachable(Process, node.Process)),
        };
        Actor = Begin();
    }

    public SimProcess Process { get; }

    public SimHost Host { get; }

    public NodeContext Context { get; }

    public CoordinatorContext CoordinatorContext { get; }

    /// <summary>The node's actor of now.</summary>
    public SimNodeActor Actor { get; private set; }

    /// <summary>The coordinator that runs here; null for none.</summary>
    public SimCoordinator? Coordinator { get; private set; }

    /// <summary>The coordinator that its cluster names; null while it names none.</summary>
    public SimActor? View { get; set; }

    /// <summary>Ranks whose shards are ready.</summary>
    public ImmutableArray<int> Loaded { get; private set; } = [];

    /// <summary>Hashes of all that was loaded last.</summary>
    public LoadedHashes Hashes { get; private set; } = LoadedHashes.None;

    /// <summary>Requests of its own clients.</summary>
    public List<SimRequest> Requests { get; } = [];

    private Simulation World => Process.World;

    /// <summary>The coordinator's place falls to it.</summary>
    public void Lead() => Coordinator = new SimCoordinator(this);

    /// <summary>It has the coordinator's place no more: the cluster moves it.</summary>
    public void StopLeading()
    {
        Coordinator?.Actor.End();
        Coordinator = null;
    }

    /// <summary>The cluster has given it up: it begins a new membership, with its weights and its clients' requests.</summary>
    public void Rejoin(long milliseconds)
    {
        World.Trace?.Note($"{Process} joins again");
        StopLeading();
        View = null;
        Requests.ForEach(request => request.Detach());
        Actor.EndWithRanks();
        Process.After(milliseconds, () =>
        {
            if (!Actor.HasEnded)
                return;
            Actor = Begin();
            Requests.ForEach(request => request.Attach(Process, Actor));
        });
    }

    /// <summary>The process is dead.</summary>
    public void Kill()
    {
        Process.Kill();
        foreach (var pipeline in Actor.Ranks.Select(rank => rank.Pipeline).OfType<SimPipeline>())
            World.Time.After(World.Draw.Next(1, 100), () => pipeline.Mesh.Leave(pipeline));
    }

    /// <summary>Milliseconds after which the pipelines of earlier memberships may be gone; null when they are.</summary>
    public long? WhenDisposed()
    {
        _disposals.RemoveAll(pipeline => !pipeline.IsAlive);
        return _disposals.Count > 0 ? 10 : null;
    }

    public void NoteDisposal(SimPipeline pipeline) => _disposals.Add(pipeline);

    /// <summary>No pipeline of an old epoch lives beside one of the new.</summary>
    public void CheckNoOtherEpoch(long epoch)
    {
        if (Actor.Ranks.FirstOrDefault(one => one.Epoch is { } other && other != epoch) is { } rank)
            throw new SimulationException($"{rank.Actor} is of epoch {rank.Epoch}, while the node opens epoch {epoch}");
    }

    /// <summary>As the loader does: one set of ranks at a time; whoever asks for the same waits for the same.</summary>
    public void Load(ImmutableArray<int> ranks, SimNodeActor asker)
    {
        if (WhenDisposed() is { } later)
        {
            Process.After(later, () => Load(ranks, asker));
            return;
        }

        if (Actor.Ranks.Any(rank => rank.IsAlive))
            throw new SimulationException($"{Process} loads while a pipeline uses what is loaded");
        if (_target.IsDefault || !_target.SequenceEqual(ranks))
            BeginToLoad(ranks);
        if (ranks.All(rank => Loaded.Contains(rank)))
            asker.Hear(new NodeLogic.Loaded(ranks, null), null);
        else
            _loading.Add(asker);
    }

    private void BeginToLoad(ImmutableArray<int> ranks)
    {
        var number = ++_loads;
        Answer(new OperationCanceledException());
        _target = ranks;
        Loaded = [.. Loaded.Intersect(ranks)];
        Process.After(World.Draw.Next(10, 2000), () =>
        {
            if (number != _loads)
                return;
            (Loaded, Hashes) = (ranks, SimWeights.Of(ranks));
            Answer(null);
        });
    }

    private void Answer(Exception? cause)
    {
        var (asked, ranks) = (_loading.ToList(), _target);
        _loading.Clear();
        foreach (var asker in asked)
            Process.After(0, () => asker.Hear(new NodeLogic.Loaded(ranks, cause), null));
    }

    private SimNodeActor Begin()
    {
        var actor = new SimNodeActor(this);
        var logic = new NodeLogic(Context, new SimProxy(Process, () => View), coordinator: null, actor);
        actor.Become(logic.Hear, logic.Start, logic.End);
        return actor;
    }
}

/// <summary>The node's actor, whose children are its ranks.</summary>
internal sealed class SimNodeActor(SimNode node) : SimActor(node.Process, "node"), INodePort
{
    private readonly List<SimRank> _ranks = [];

    public IReadOnlyList<SimRank> Ranks => _ranks;

    public (ImmutableArray<int> Ranks, LoadedHashes Hashes) Ready => (node.Loaded, node.Hashes);

    public double LoadProgress => 0.5;

    public void Load(ImmutableArray<int> ranks) => node.Load(ranks, this);

    public IActorRef StartRank(int rank)
    {
        var started = new SimRank(node, rank, this);
        _ranks.Add(started);
        return started.Actor;
    }

    public void StopRank(IActorRef rank) => Remove(_ranks.Single(one => ReferenceEquals(one.Actor, rank)));

    /// <summary>A rank's actor ends by itself.</summary>
    public void Crash(SimRank rank)
    {
        Remove(rank);
        Hear(new Terminated(rank.Actor, true, false), null);
    }

    /// <remarks>No simulated request asks for logits: nothing is sent through it.</remarks>
    public LogitsOutlet NewOutlet() => new(Self, system: null!);

    public void EndWithRanks()
    {
        End();
        _ranks.ToList().ForEach(Remove);
    }

    private void Remove(SimRank rank)
    {
        _ranks.Remove(rank);
        rank.Actor.End();
    }
}
