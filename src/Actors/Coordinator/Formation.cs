using System.Collections.Immutable;

namespace AkkaCp.Actors.Coordinator;

/// <summary>
/// How far the ranks of a new epoch are: first every rank closes what it has, so that no pipeline of the old epoch lives beside one of
/// the new (memory, peers), then every rank opens.
/// </summary>
internal sealed record Formation(long Epoch, ImmutableHashSet<int> NotClosed, ImmutableHashSet<int> NotOpened)
{
    /// <summary>Why the first rank that failed to open did; null while none has.</summary>
    public string? Failure { get; init; }

    /// <summary>Whether every rank has closed.</summary>
    public bool AllClosed => NotClosed.IsEmpty;

    /// <summary>Whether every rank has said how its opening went.</summary>
    public bool AllAnswered => NotOpened.IsEmpty;

    /// <summary>The beginning.</summary>
    public static Formation Begin(long epoch, int worldSize)
    {
        ImmutableHashSet<int> ranks = [.. Enumerable.Range(0, worldSize)];
        return new Formation(epoch, ranks, ranks);
    }

    /// <summary>A rank has closed.</summary>
    public Formation Close(int rank) => this with { NotClosed = NotClosed.Remove(rank) };

    /// <summary>A rank has opened, or failed to.</summary>
    public Formation Open(int rank, string? failure = null) => this with
    {
        NotOpened = NotOpened.Remove(rank),
        Failure = Failure ?? (failure is null ? null : $"rank {rank} cannot be built: {failure}"),
    };
}
