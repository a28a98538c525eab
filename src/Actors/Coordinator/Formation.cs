using System.Collections.Immutable;
using AkkaCp.Actors.Protocol;

namespace AkkaCp.Actors.Coordinator;

/// <summary>
/// How far a new epoch is: first every node closes what it has, so that no pipeline of an old epoch lives beside one of the new
/// (memory, peers); when every rank has a node that has loaded it, they open.
/// </summary>
/// <param name="Epoch">The new epoch.</param>
internal sealed record Formation(long Epoch)
{
    /// <summary>Nodes that were asked to close, and since how many seconds.</summary>
    public ImmutableSortedDictionary<string, int> Closing { get; private init; } = ImmutableSortedDictionary<string, int>.Empty;

    /// <summary>Nodes that have closed.</summary>
    public ImmutableSortedSet<string> Closed { get; private init; } = [];

    /// <summary>What opens; null before.</summary>
    public EpochTable? Table { get; private init; }

    /// <summary>Ranks that have not said how their opening went.</summary>
    public ImmutableSortedSet<int> NotOpened { get; private init; } = [];

    /// <summary>Why the first rank that failed to open did; null while none has.</summary>
    public string? Failure { get; private init; }

    /// <summary>Seconds since it began to close, or to open.</summary>
    public int Age { get; private init; }

    /// <summary>Whether every rank has said how its opening went.</summary>
    public bool AllAnswered => Table is not null && NotOpened.IsEmpty;

    /// <summary>Whether the node was asked to close, or has closed.</summary>
    public bool Knows(string node) => Closing.ContainsKey(node) || Closed.Contains(node);

    /// <summary>The node is asked to close.</summary>
    public Formation Ask(string node) => this with { Closing = Closing.SetItem(node, 0) };

    /// <summary>The node has closed.</summary>
    public Formation Close(string node) => Closing.ContainsKey(node)
        ? this with { Closing = Closing.Remove(node), Closed = Closed.Add(node) }
        : this;

    /// <summary>The node is gone.</summary>
    public Formation Without(string node) => this with { Closing = Closing.Remove(node), Closed = Closed.Remove(node) };

    /// <summary>Everything is there: the ranks open.</summary>
    public Formation BeginOpening(EpochTable table) => this with
    {
        Table = table,
        NotOpened = [.. table.Places.Select(place => place.Rank)],
        Age = 0,
    };

    /// <summary>A rank has opened, or failed to.</summary>
    public Formation Open(int rank, string? failure = null) => this with
    {
        NotOpened = NotOpened.Remove(rank),
        Failure = Failure ?? (failure is null ? null : $"rank {rank} cannot be built: {failure}"),
    };

    /// <summary>A second later.</summary>
    public Formation Tick() => this with
    {
        Age = Age + 1,
        Closing = Closing.ToImmutableSortedDictionary(entry => entry.Key, entry => entry.Value + 1),
    };
}
