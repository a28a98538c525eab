using System.Collections.Immutable;

namespace AkkaCp.Actors.Protocol;

/// <summary>A picture of a cluster.</summary>
/// <param name="Coordinator">Control-plane address of the coordinator's node, <c>host:port</c>; empty in one process.</param>
/// <param name="Group">The coordinator's own picture.</param>
/// <param name="WorldSize">Ranks of the layout.</param>
/// <param name="Nodes">All nodes that the coordinator knows, refused ones too, by name.</param>
public sealed record ClusterStatus(string Coordinator, CoordinatorStatus Group, int WorldSize, ImmutableArray<NodeReport> Nodes);
