using AkkaCp.Collectives.Calls;
using AkkaCp.Collectives.Setup;
using AkkaCp.Collectives.Topology;

namespace AkkaCp.Collectives;

/// <summary>
/// The groups of this process's ranks in one epoch. Disposing closes the epoch: calls that wait end with
/// <see cref="PeerLostException"/>, here and on the peers, and later ones end so at once.
/// </summary>
public interface IRankMesh : IAsyncDisposable
{
    /// <summary>The epoch.</summary>
    long Epoch { get; }

    /// <summary>Ends with the first peer that is lost: its connection closed, or it fell silent. Cancelled when the mesh is disposed
    /// before that.</summary>
    Task<PeerLoss> Lost { get; }

    /// <summary>A local rank's port to its group of a kind.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The rank is not of this process.</exception>
    IRankGroup Group(GroupKind kind, int rank);

    /// <summary>A local rank's ports for its pipeline.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The rank is not of this process.</exception>
    RankGroups GroupsOf(int rank) => new(Group(GroupKind.AttnTp, rank), Group(GroupKind.AttnCp, rank), Group(GroupKind.Moe, rank));
}
