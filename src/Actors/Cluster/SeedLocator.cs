using System.Collections.Immutable;
using Akka.Actor;
using AkkaCp.Actors.Nodes;
using AkkaCp.Actors.Protocol;

namespace AkkaCp.Actors.Cluster;

/// <summary>Finds the coordinator for a process outside the cluster: asks all seeds,
/// and hands on the first answer that names one.</summary>
internal sealed class SeedLocator : ReceiveActor
{
    private readonly HashSet<IActorRef> _waiting = [];

    /// <summary>Made through <see cref="Props"/>.</summary>
    public SeedLocator(ImmutableArray<string> seeds)
    {
        var nodes = seeds.Select(seed => Context.ActorSelection(NodeProbe.NodePath(Context.System, seed))).ToList();
        Receive<NodeProtocol.Locate>(_ =>
        {
            _waiting.Add(Sender);
            nodes.ForEach(node => node.Tell(NodeProtocol.Locate.Instance));
        });
        Receive<NodeProtocol.Located>(located => located.Coordinator is not null, located =>
        {
            foreach (var asker in _waiting)
                asker.Tell(located);
            _waiting.Clear();
        });
        Receive<NodeProtocol.Located>(_ => { });
    }

    /// <summary>How a client starts it.</summary>
    public static Props Props(ImmutableArray<string> seeds) => Akka.Actor.Props.Create(() => new SeedLocator(seeds));
}
