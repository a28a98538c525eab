using System.Collections.Immutable;
using AkkaCp.Model.Weights;

namespace AkkaCp.Actors.Protocol;

/// <summary>
/// How nodes and the coordinator compare the weights that were loaded. A heartbeat says where a node is (<see cref="Mark"/>); what the
/// coordinator lacks it asks for, and what the node lacks of the coordinator's book it is sent. All of it may be lost or come twice.
/// </summary>
internal static class HashProtocol
{
    /// <summary>Where a node is.</summary>
    /// <param name="Own">Digest of the hashes of all that it has loaded; 0 when it has loaded nothing.</param>
    /// <param name="Book">The book that it carries.</param>
    /// <param name="Carried">Entries that it has of it.</param>
    public readonly record struct Mark(UInt128 Own, Guid Book, int Carried);

    /// <summary>From the coordinator: what has the node loaded? Answered by <see cref="Own"/>.</summary>
    public sealed class AskOwn : IWireMessage
    {
        public static readonly AskOwn Instance = new();
    }

    /// <summary>From the coordinator: what does the node carry? Answered by <see cref="Table"/>.</summary>
    /// <param name="Book">The book that is meant.</param>
    /// <param name="From">The first entry that is wanted.</param>
    public sealed record AskCarried(Guid Book, int From) : IWireMessage;

    /// <summary>From a node: the hashes of all that it has loaded.</summary>
    /// <param name="Node">Its name.</param>
    /// <param name="Digest">Their digest.</param>
    /// <param name="Hashes">The hashes, in ordinal order of their pieces.</param>
    public sealed record Own(string Node, UInt128 Digest, ImmutableArray<WeightHash> Hashes) : IWireMessage;

    /// <summary>Entries of a book, from the coordinator for nodes to carry on, or from a node to a coordinator
    /// that does not know it.</summary>
    /// <param name="Book">The book.</param>
    /// <param name="From">The first one's number.</param>
    /// <param name="Entries">Entries in the order of the book.</param>
    public sealed record Table(Guid Book, int From, ImmutableArray<WeightHash> Entries) : IWireMessage
    {
        /// <summary>Entries up to and with these.</summary>
        public int End => From + Entries.Length;
    }
}
