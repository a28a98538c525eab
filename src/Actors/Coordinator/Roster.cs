using System.Collections.Immutable;
using AkkaCp.Actors.Protocol;

namespace AkkaCp.Actors.Coordinator;

/// <summary>
/// Which nodes there are and which ranks they have. Immutable: each event is a method that returns the next roster. A node keeps its
/// ranks while it lives; free ranks go to nodes with room: to those that had them under an earlier coordinator, then to those that have
/// them loaded, then by name. Whoever finds none free is a spare.
/// </summary>
internal sealed record Roster
{
    private Roster(GroupFacts facts, ImmutableArray<string?> seats) => (Facts, Seats) = (facts, seats);

    /// <summary>What every node must have.</summary>
    public GroupFacts Facts { get; }

    /// <summary>Accepted nodes by name.</summary>
    public ImmutableSortedDictionary<string, RosterMember> Members { get; private init; } =
        ImmutableSortedDictionary.Create<string, RosterMember>(StringComparer.Ordinal);

    /// <summary>By rank: the name of its node, null where it has none.</summary>
    public ImmutableArray<string?> Seats { get; private init; }

    /// <summary>Whether every rank has a node.</summary>
    public bool IsComplete => Seats.All(name => name is not null);

    /// <summary>Whether every rank has a node that has loaded it.</summary>
    public bool IsLoaded => Enumerable.Range(0, Seats.Length).All(rank => Seats[rank] is { } name && Members[name].HasLoaded(rank));

    private IEnumerable<RosterMember> Spares => Members.Values.Where(member => member.Places > 0 && !Seats.Contains(member.Name));

    /// <summary>The highest epoch that any node has heard of.</summary>
    public long HighestEpoch => Members.IsEmpty ? 0 : Members.Values.Max(member => member.Heartbeat.HighestEpoch);

    /// <summary>No nodes yet.</summary>
    public static Roster Create(GroupFacts facts, int worldSize) => new(facts, [.. new string?[worldSize]]);

    /// <summary>
    /// Takes a node's word. Refused are a node with other facts and one whose name another living node has. One that begins a new life
    /// under its name and address replaces itself, for two processes cannot hold one address.
    /// </summary>
    /// <param name="heartbeat">What it says.</param>
    /// <param name="control">Where it says it from.</param>
    /// <param name="isProven">Whether the weights that it has loaded were compared with the group's.</param>
    public Hearing Hear(NodeProtocol.Heartbeat heartbeat, string control, bool isProven = true)
    {
        var member = new RosterMember(control, heartbeat) { IsProven = isProven };
        if (Facts.DifferencesTo(heartbeat.Facts) is { Count: > 0 } differences)
            return new Hearing(this, $"it differs from the group: {string.Join("; ", differences)}");
        if (heartbeat.Offer.Places < 1)
            return new Hearing(this, $"places: expected at least 1, found {heartbeat.Offer.Places}");
        if (heartbeat.Offer.KvBlocks < 2)
            return new Hearing(this, $"KV blocks: expected at least 2, found {heartbeat.Offer.KvBlocks}");
        if (!Members.TryGetValue(heartbeat.Name, out var known))
            return new Hearing(With(member), IsNew: true);
        if (known.Heartbeat.Incarnation == heartbeat.Incarnation)
            return new Hearing(With(member with { StandsBy = known.StandsBy }));
        return known.Control == control
            ? new Hearing(Without(heartbeat.Name).With(member), IsNew: true, Replaces: true)
            : new Hearing(this, $"another node is named {heartbeat.Name}, at {known.Control}");
    }

    /// <summary>Notes of every node whether the weights that it has loaded were compared with the group's.</summary>
    /// <param name="agrees">Tells it of their digest.</param>
    public Roster Judge(Func<UInt128, bool> agrees) => this with
    {
        Members = Members.ToImmutableSortedDictionary(
            entry => entry.Key, entry => entry.Value with { IsProven = agrees(entry.Value.Heartbeat.Hashes.Own) }, StringComparer.Ordinal),
    };

    /// <summary>A second later.</summary>
    public Roster Age() => this with
    {
        Members = Members.ToImmutableSortedDictionary(
            entry => entry.Key, entry => entry.Value with { Silence = entry.Value.Silence + 1 }, StringComparer.Ordinal),
    };

    /// <summary>The node is gone, and its ranks are free.</summary>
    public Roster Without(string name) => this with
    {
        Members = Members.Remove(name),
        Seats = [.. Seats.Select(seat => seat == name ? null : seat)],
    };

    /// <summary>Frees the ranks of nodes that leave, gives free ranks to nodes with room, and lets the others stand by.</summary>
    public Roster Assign()
    {
        var seats = Seats.Select(name => name is not null && Members[name].Places > 0 ? name : null).ToArray();
        Fill(seats, (member, rank) => member.Claims(rank));
        Fill(seats, (member, rank) => member.HasLoaded(rank));
        Fill(seats, (_, _) => true);
        var next = this with { Seats = [.. seats] };
        return next.Spares.Where(spare => spare.StandsBy.IsEmpty).Aggregate(next, (so, spare) => so.With(so.StandingBy(spare)));
    }

    /// <summary>The node's ranks, in ascending order.</summary>
    public ImmutableArray<int> RanksOf(string name) => [.. Enumerable.Range(0, Seats.Length).Where(rank => Seats[rank] == name)];

    /// <summary>Ranks that a spare loads to stand by.</summary>
    public ImmutableArray<int> PreloadOf(string name) => Spares.FirstOrDefault(spare => spare.Name == name)?.StandsBy ?? [];

    /// <summary>Where each rank is; only of a complete roster.</summary>
    public EpochTable Table(long epoch, Guid formation) => new(
        epoch, formation, [.. Seats.Select((name, rank) => new RankPlace(rank, name!, Members[name!].Heartbeat.Offer.DataEndpoint))]);

    /// <summary>Blocks of the smallest pool among the nodes of a table.</summary>
    public int KvBlocksOf(EpochTable table) => table.Places.Min(place => Members[place.Node].Heartbeat.Offer.KvBlocks);

    /// <summary>What is missing, for people.</summary>
    public string Missing()
    {
        var free = Enumerable.Range(0, Seats.Length).Where(rank => Seats[rank] is null).ToList();
        if (free.Count > 0)
            return $"{free.Count} of {Seats.Length} ranks have no node";
        var loading = Enumerable.Range(0, Seats.Length).Where(rank => !Members[Seats[rank]!].HasLoaded(rank)).ToList();
        return loading.Count > 0 ? $"rank {string.Join(", ", loading)} is loading, or compared" : "the ranks are being built";
    }

    /// <summary>Gives free ranks in ascending order, each to the first node by name that has room and is suited.</summary>
    private void Fill(string?[] seats, Func<RosterMember, int, bool> suits)
    {
        for (var rank = 0; rank < seats.Length; rank++)
        {
            seats[rank] ??= Members.Values
                .FirstOrDefault(member => seats.Count(name => name == member.Name) < member.Places && suits(member, rank))?.Name;
        }
    }

    /// <summary>A spare stands by for what it has loaded, or else for the ranks that the fewest others stand by for.</summary>
    /// <remarks>
    /// Decided once. Were it anew for each heartbeat, two answers under way could send a node from one rank to the other and back for ever:
    /// each load is told in a heartbeat, and the answer would be what that one tells.
    /// </remarks>
    private RosterMember StandingBy(RosterMember spare)
    {
        var count = Math.Min(spare.Places, Seats.Length);
        var loaded = spare.Heartbeat.Loaded;
        if (loaded.Length == count && loaded.All(rank => (uint)rank < (uint)Seats.Length))
            return spare with { StandsBy = loaded };
        var ranks = Enumerable.Range(0, Seats.Length).OrderBy(rank => Spares.Count(other => other.StandsBy.Contains(rank)));
        return spare with { StandsBy = [.. ranks.Take(count).Order()] };
    }

    private Roster With(RosterMember member) => this with { Members = Members.SetItem(member.Name, member) };
}

/// <summary>What a node's word changed.</summary>
/// <param name="Roster">The next roster.</param>
/// <param name="Refusal">Why the node is refused; null when it is not.</param>
/// <param name="IsNew">Whether the node was not known in this life of it.</param>
/// <param name="Replaces">Whether an earlier life of it was known, whose pipelines are gone.</param>
internal sealed record Hearing(Roster Roster, string? Refusal = null, bool IsNew = false, bool Replaces = false);
