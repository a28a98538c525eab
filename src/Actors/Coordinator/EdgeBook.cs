using Akka.Actor;
using AkkaCp.Actors.Protocol;

namespace AkkaCp.Actors.Coordinator;

/// <summary>Whom to tell about each request that has no terminal reply yet.</summary>
internal sealed class EdgeBook
{
    private readonly Dictionary<Guid, IActorRef> _edges = [];

    /// <summary>Notes a request's edge; false when the id is in use.</summary>
    public bool TryAdd(Guid requestId, IActorRef edge) => _edges.TryAdd(requestId, edge);

    /// <summary>Tells a reply to its edge and forgets the request with its last one.</summary>
    /// <returns>The edge when no other request of its is left, else null.</returns>
    public IActorRef? Tell(GenerationProtocol.IReply reply, IActorRef sender)
    {
        if (!_edges.TryGetValue(reply.RequestId, out var edge))
            return null;
        edge.Tell(reply, sender);
        if (!reply.IsTerminal)
            return null;
        _edges.Remove(reply.RequestId);
        return _edges.ContainsValue(edge) ? null : edge;
    }

    /// <summary>Requests of an edge.</summary>
    public IReadOnlyList<Guid> RequestsOf(IActorRef edge) =>
        [.. _edges.Where(entry => entry.Value.Equals(edge)).Select(entry => entry.Key)];

    /// <summary>Requests of all edges.</summary>
    public IReadOnlyList<Guid> All => [.. _edges.Keys];
}
