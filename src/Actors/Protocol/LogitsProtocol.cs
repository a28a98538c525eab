using System.Collections.Immutable;
using Akka.Actor;

namespace AkkaCp.Actors.Protocol;

/// <summary>
/// The way of logits from the ranks to the edge that asked for all of them. A node sends a row again until the edge has confirmed it,
/// and holds its ranks back while many are not confirmed.
/// </summary>
internal static class LogitsProtocol
{
    /// <summary>Where the rows of a request go.</summary>
    /// <param name="SequenceId">Names the request in plans.</param>
    /// <param name="RequestId">The request.</param>
    /// <param name="Edge">Its edge.</param>
    public sealed record Route(long SequenceId, Guid RequestId, IActorRef Edge);

    /// <summary>From a node to an edge.</summary>
    /// <param name="RequestId">The request.</param>
    /// <param name="Position">The row's position in the request.</param>
    /// <param name="Logits">[vocabulary] F32.</param>
    public sealed record Row(Guid RequestId, int Position, ImmutableArray<float> Logits) : IWireMessage;

    /// <summary>From an edge to the node: the row is in the program's hands.</summary>
    public sealed record RowTaken(Guid RequestId, int Position) : IWireMessage;

    /// <summary>From an edge to the nodes that sent it rows, as its last word: it confirms nothing any more. Not sent again: a node that
    /// misses it gives the rows up later.</summary>
    public sealed record RowsEnded(Guid RequestId) : IWireMessage;
}
