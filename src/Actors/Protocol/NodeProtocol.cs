using System.Collections.Immutable;
using Akka.Actor;

namespace AkkaCp.Actors.Protocol;

/// <summary>
/// The conversation between a node and the coordinator. A node says once a second, and at each change, what it is
/// (<see cref="Heartbeat"/>); the coordinator answers which ranks it has (<see cref="Assigned"/>) or why it has none
/// (<see cref="Refused"/>). All of it may be lost or come twice: the next heartbeat repairs it.
/// </summary>
internal static class NodeProtocol
{
    /// <summary>Where every node's actor is found, below its system's <c>/user</c>.</summary>
    public const string ActorName = "node";

    /// <summary>From a node to the coordinator.</summary>
    /// <param name="Incarnation">Names this life of the node: one that starts anew has no pipelines.</param>
    /// <param name="Offer">What it brings.</param>
    /// <param name="Facts">What must be equal on all nodes.</param>
    /// <param name="Status">What it is doing, and the ranks that it was assigned last.</param>
    /// <param name="Loaded">Ranks whose shards are ready.</param>
    /// <param name="HighestEpoch">The highest epoch that it has heard of: a new one must be above.</param>
    /// <param name="Work">A count that grows while the node's pipelines compute.</param>
    /// <param name="Hashes">Which weights it has loaded, and whose hashes it carries.</param>
    public sealed record Heartbeat(
        Guid Incarnation, NodeOffer Offer, GroupFacts Facts, NodeStatus Status, ImmutableArray<int> Loaded, long HighestEpoch, long Work,
        HashProtocol.Mark Hashes = default) : IWireMessage
    {
        /// <summary>The node's name.</summary>
        public string Name => Offer.Name;
    }

    /// <summary>From the coordinator: the node is one of the group's.</summary>
    /// <param name="Ranks">Its ranks; none for a spare.</param>
    /// <param name="Preload">Ranks to load while it has none, so that it can take over quickly.</param>
    public sealed record Assigned(ImmutableArray<int> Ranks, ImmutableArray<int> Preload) : IWireMessage;

    /// <summary>From the coordinator: the node cannot be one of the group's.</summary>
    public sealed record Refused(string Reason) : IWireMessage;

    /// <summary>
    /// From the coordinator, with a refusal: the node's facts are not the group's. Should the coordinator's place fall to it, it is not to
    /// measure the others by its own.
    /// </summary>
    public sealed class Outsider : IWireMessage
    {
        public static readonly Outsider Instance = new();
    }

    /// <summary>From a node to the coordinator: no pipeline of an epoch below this one is left.</summary>
    public sealed record Closed(long Epoch, string Node) : IWireMessage;

    /// <summary>From a node to the coordinator, and to itself: another process, a node's or a client's, is dead.</summary>
    /// <param name="Control">The dead one's control plane, <c>host:port</c>.</param>
    public sealed record Died(string Control) : IWireMessage;

    /// <summary>Asks any node for the coordinator; answered by <see cref="Located"/>.</summary>
    public sealed class Locate : IWireMessage
    {
        public static readonly Locate Instance = new();
    }

    /// <summary>From a node.</summary>
    /// <param name="Coordinator">The coordinator; null when the node knows none.</param>
    /// <param name="Status">What the node is doing.</param>
    public sealed record Located(IActorRef? Coordinator, NodeStatus Status) : IWireMessage;

    /// <summary>Asks a node how large the cluster is that it sees; answered by <see cref="ClusterView"/>.</summary>
    public sealed class AskClusterView : IWireMessage
    {
        public static readonly AskClusterView Instance = new();
    }

    /// <summary>A cluster as one of its nodes sees it.</summary>
    /// <param name="Size">Members that it reaches, itself included; 0 while it is none.</param>
    /// <param name="First">The smallest of their addresses.</param>
    public sealed record ClusterView(int Size, string First) : IWireMessage;

    /// <summary>Asks a node to measure its way to another one; answered by <see cref="Probed"/>.</summary>
    /// <param name="Control">The other's control plane, <c>host:port</c>.</param>
    /// <param name="Data">The other's data plane, <c>host:port</c>.</param>
    public sealed record Probe(string Control, string Data) : IWireMessage;

    /// <summary>From the node that measured.</summary>
    /// <param name="Control">Round trip of a control message; zero when none came back in time.</param>
    /// <param name="Data">The data plane's way.</param>
    public sealed record Probed(TimeSpan Control, DataLink Data) : IWireMessage;

    /// <summary>The node leaves: its ranks are to go to others; answered by <see cref="Left"/> when they are closed.</summary>
    public sealed class Leave : INoSerializationVerificationNeeded
    {
        public static readonly Leave Instance = new();
    }

    /// <summary>No pipeline is left on the node, and it takes no rank.</summary>
    public sealed class Left : INoSerializationVerificationNeeded
    {
        public static readonly Left Instance = new();
    }

    /// <summary>A second has passed.</summary>
    public sealed class Tick : INoSerializationVerificationNeeded
    {
        public static readonly Tick Instance = new();
    }
}
