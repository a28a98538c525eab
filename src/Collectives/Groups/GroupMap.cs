using AkkaCp.Collectives.Links;
using AkkaCp.Collectives.Topology;
using AkkaCp.Collectives.Wire;

namespace AkkaCp.Collectives.Groups;

/// <summary>
/// Who is in a group, and in which process. Each other process has a slot, in ring order behind this one. Members of this process have
/// places, in group order, and so have those of all others together. Never changes.
/// </summary>
internal sealed class GroupMap
{
    private readonly GroupMembers _members;
    private readonly int[] _slotOf;
    private readonly int[] _placeOf;
    private readonly int[] _local;

    /// <param name="members">All members.</param>
    /// <param name="index">Place among the layout's groups of the kind.</param>
    /// <param name="peerOf">The process of a global rank; null for this one.</param>
    public GroupMap(GroupMembers members, int index, Func<int, Peer?> peerOf)
    {
        _members = members;
        Index = (ushort)index;
        Name = members.Name;
        Peer?[] processOf = [.. members.Ranks.Select(peerOf)];
        _local = [.. Enumerable.Range(0, Size).Where(member => processOf[member] is null)];
        Peers = RingOrder([.. processOf.Distinct()]);
        _slotOf = [.. processOf.Select(peer => peer is null ? -1 : Array.IndexOf(Peers, peer))];
        _placeOf = new int[Size];
        for (var member = 0; member < Size; member++)
            _placeOf[member] = processOf[member] is null ? Array.IndexOf(_local, member) : RemoteMembers++;
    }

    /// <summary>Kind and global ranks, for messages.</summary>
    public string Name { get; }

    public GroupKind Kind => _members.Kind;

    /// <summary>Place among the layout's groups of the kind.</summary>
    public ushort Index { get; }

    public int Size => _members.Ranks.Count;

    /// <summary>The other processes, by slot.</summary>
    public Peer[] Peers { get; }

    public int RemoteMembers { get; }

    public int LocalMembers => _local.Length;

    /// <summary>Slot of the process before this one in the ring.</summary>
    public int Predecessor => Peers.Length - 1;

    /// <summary>Whether a member is of this process.</summary>
    public bool IsLocal(int member) => _slotOf[member] < 0;

    /// <summary>Slot of a member's process; -1 for this one.</summary>
    public int SlotOf(int member) => _slotOf[member];

    /// <summary>Slot of a process; -1 when none of its ranks is in the group.</summary>
    public int SlotOf(Peer peer) => Array.IndexOf(Peers, peer);

    /// <summary>Place of a member among those of this process, or among those of all others.</summary>
    public int PlaceOf(int member) => _placeOf[member];

    /// <summary>The member at a place of this process.</summary>
    public int MemberAt(int place) => _local[place];

    /// <summary>Place of a global rank in the group.</summary>
    public int MemberOf(int globalRank) => _members.IndexOf(globalRank);

    /// <summary>Members of this process, in group order.</summary>
    public int[] MembersHere() => [.. _local];

    /// <summary>Members of another process, in group order.</summary>
    public int[] MembersOf(int slot) => [.. Enumerable.Range(0, Size).Where(member => _slotOf[member] == slot)];

    /// <summary>Members of this process, and other processes, that take part in a call.</summary>
    public (int Calls, int Peers) AwaitedBy(in CallShape shape)
    {
        if (shape.Operation != GroupOperation.Transfer)
            return (LocalMembers, Peers.Length);

        var remote = (IsLocal(shape.From) ? 0 : 1) + (IsLocal(shape.To) ? 0 : 1);
        return (2 - remote, remote);
    }

    /// <summary>Whether a process takes part in a call.</summary>
    public bool Involves(in CallShape shape, int slot) =>
        shape.Operation != GroupOperation.Transfer || _slotOf[shape.From] == slot || _slotOf[shape.To] == slot;

    // The other processes, beginning with the one behind this one in the order of first members.
    private static Peer[] RingOrder(Peer?[] processes)
    {
        var here = Array.IndexOf(processes, null);
        return [.. Enumerable.Range(1, processes.Length - 1).Select(i => processes[(here + i) % processes.Length]!)];
    }
}
