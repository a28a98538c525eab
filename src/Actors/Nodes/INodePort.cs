using System.Collections.Immutable;
using Akka.Actor;
using AkkaCp.Actors.Logic;

namespace AkkaCp.Actors.Nodes;

/// <summary>What a <see cref="NodeLogic"/> needs beside what every actor has: its ranks and their weights.</summary>
internal interface INodePort : IActorPort
{
    /// <summary>Ranks whose shards are ready, and the hashes of all that was loaded last.</summary>
    (ImmutableArray<int> Ranks, LoadedHashes Hashes) Ready { get; }

    /// <summary>Loaded share of the ranks that were asked for last, 0 to 1.</summary>
    double LoadProgress { get; }

    /// <summary>Makes exactly these ranks ready: <see cref="NodeLogic.Loaded"/>.</summary>
    void Load(ImmutableArray<int> ranks);

    /// <summary>Starts a rank; its end is told as <see cref="Terminated"/>.</summary>
    IActorRef StartRank(int rank);

    /// <summary>Ends a rank, of which nothing is told any more.</summary>
    void StopRank(IActorRef rank);

    /// <summary>A way of logits to edges, for one epoch.</summary>
    LogitsOutlet NewOutlet();
}
