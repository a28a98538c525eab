using System.Collections.Immutable;

namespace AkkaCp.Actors.Protocol;

/// <summary>Where each rank of a group is, for one epoch.</summary>
/// <param name="Epoch">Incarnation of the group: above that of every group before it.
/// Whoever holds a lower number is not of this group.</param>
/// <param name="Formation">Drawn for each group: two coordinators that number alike, on two sides of a cut, do not mix their ranks.</param>
/// <param name="Places">By rank, from 0.</param>
public sealed record EpochTable(long Epoch, Guid Formation, ImmutableArray<RankPlace> Places)
{
    /// <inheritdoc/>
    public bool Equals(EpochTable? other) => other is not null && Epoch == other.Epoch && Formation == other.Formation
        && Places.SequenceEqual(other.Places);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Epoch, Formation);

    /// <summary>As logs show it: the nodes in order of their ranks.</summary>
    public override string ToString() => $"epoch {Epoch}: {string.Join(", ", Places.Select(place => $"{place.Rank} on {place.Node}"))}";
}

/// <summary>Where one rank is.</summary>
/// <param name="Rank">Global rank.</param>
/// <param name="Node">Name of its node.</param>
/// <param name="DataEndpoint">Where the node's data plane listens, <c>host:port</c>; empty in one process.</param>
public sealed record RankPlace(int Rank, string Node, string DataEndpoint);
