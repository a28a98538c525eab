using System.Collections.Immutable;
using Akka.Actor;
using AkkaCp.Actors.Logic;
using AkkaCp.Actors.Protocol;

namespace AkkaCp.Actors.Nodes;

/// <summary>The actor of a <see cref="NodeLogic"/>; its children are the node's ranks.</summary>
internal sealed class NodeActor : LogicActor, INodePort
{
    private readonly NodeContext _context;
    private readonly NodeLogic _logic;

    /// <summary>Made through <see cref="Props"/>.</summary>
    public NodeActor(NodeContext context, IActorRef way, IActorRef? coordinator)
    {
        _context = context;
        _logic = new NodeLogic(context, way, coordinator, this);
    }

    (ImmutableArray<int> Ranks, LoadedHashes Hashes) INodePort.Ready => _context.Shards.Ready;

    double INodePort.LoadProgress => _context.Shards.Progress;

    /// <summary>How the program starts it.</summary>
    /// <param name="context">The node.</param>
    /// <param name="way">Where heartbeats go: the coordinator, or who knows it.</param>
    /// <param name="coordinator">The coordinator where it is known from the start.</param>
    public static Props Props(NodeContext context, IActorRef way, IActorRef? coordinator = null) =>
        Akka.Actor.Props.Create(() => new NodeActor(context, way, coordinator));

    /// <remarks>Pipelines of an earlier membership may still be ending.</remarks>
    void INodePort.Load(ImmutableArray<int> ranks) =>
        _context.Shards.LoadAsync(ranks, _context.Disposals.WaitAsync(RankProtocol.CloseTimeout)).PipeTo(
            Self, success: () => new NodeLogic.Loaded(ranks, null), failure: cause => new NodeLogic.Loaded(ranks, cause));

    IActorRef INodePort.StartRank(int rank) => Context.Watch(Context.ActorOf(RankActor.Props(rank, _context), NameOf(rank)));

    void INodePort.StopRank(IActorRef rank)
    {
        Context.Unwatch(rank);
        Context.Stop(rank);
    }

    LogitsOutlet INodePort.NewOutlet() => new(Self, Context.System);

    /// <inheritdoc/>
    protected override void PreStart() => _logic.Start();

    /// <inheritdoc/>
    protected override bool Hear(object message, IActorRef sender)
    {
        if (message is NodeProtocol.Tick)
            AgeFragments();
        if (message is not NodeProtocol.Probe probe)
            return _logic.Hear(message, sender);
        NodeProbe.RunAsync(Context.System, _context.Host, probe).PipeTo(sender, Self);
        return true;
    }

    /// <inheritdoc/>
    protected override void PostStop() => _logic.End();

    /// <remarks>A rank's actor that throws is stopped; the epoch ends with it.</remarks>
    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Stop);

    /// <remarks>A rank that left may still be ending under its name.</remarks>
    private static string? NameOf(int rank) => Context.Child($"rank-{rank}").IsNobody() ? $"rank-{rank}" : null;
}
