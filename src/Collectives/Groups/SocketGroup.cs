using AkkaCp.Collectives.Calls;
using AkkaCp.Collectives.Links;
using AkkaCp.Collectives.Topology;
using AkkaCp.Collectives.Wire;
using AkkaCp.Npu;

namespace AkkaCp.Collectives.Groups;

/// <summary>
/// A group as one process sees it: its own members meet here, as in shared memory, and when all have come their blocks travel once to
/// each of the other processes. All state is guarded by the mesh's gate, which is held for microseconds; rows move outside it, by the
/// threads of the links and, for what stays in the process, by the last caller. No thread of the transport ever waits for a call.
/// </summary>
internal sealed partial class SocketGroup
{
    // Late members of a failed call come within the steps that are under way, and so do frames of a mistaken one; that is tens of tags.
    private const int RememberedTags = 256;

    private readonly RankMesh _mesh;
    private readonly RankGroup _members;
    private readonly ushort _index;
    private readonly int[] _slotOf;
    private readonly int[] _placeOf;
    private readonly int[] _local;
    private readonly Dictionary<CollectiveTag, Collective> _open = [];
    private readonly Stack<Collective> _spareCollectives = new();
    private readonly Stack<CallTask> _spareTasks = new();
    private readonly BoundedMemory<CollectiveTag, CollectiveFault> _deadTags = new(RememberedTags);
    private readonly BoundedMemory<(long Epoch, long Step), CollectiveFault> _deadSteps = new(RememberedTags);
    private readonly BoundedMemory<CollectiveTag, CallShape> _endedOneWay = new(RememberedTags);
    private CollectiveFault? _lost;
    private bool _isStarting;

    /// <param name="mesh">The epoch.</param>
    /// <param name="members">All members.</param>
    /// <param name="index">Place among the layout's groups of the kind.</param>
    public SocketGroup(RankMesh mesh, RankGroup members, ushort index)
    {
        _mesh = mesh;
        _members = members;
        _index = index;
        _slotOf = new int[Size];
        _placeOf = new int[Size];
        _local = [.. Enumerable.Range(0, Size).Where(member => mesh.PeerOf(members.Ranks[member]) is null)];
        Peers = RingOrder();
        var remote = 0;
        for (var member = 0; member < Size; member++)
        {
            var peer = mesh.PeerOf(members.Ranks[member]);
            _slotOf[member] = peer is null ? -1 : Array.IndexOf(Peers, peer);
            _placeOf[member] = peer is null ? Array.IndexOf(_local, member) : remote++;
        }

        RemoteMembers = remote;
    }

    public string Name => _members.Name;

    public GroupKind Kind => _members.Kind;

    public int Size => _members.Ranks.Count;

    /// <summary>The other processes of the group, by slot, in ring order behind this one.</summary>
    public Peer[] Peers { get; }

    public int RemoteMembers { get; }

    /// <summary>Whether more than one member is of this process.</summary>
    public bool HasTwins => _local.Length > 1;

    public int EagerBytes => _mesh.Options.EagerBytes;

    public TensorPool Memory => _mesh.Memory;

    /// <summary>Slot of the process before this one in the ring.</summary>
    public int Predecessor => Peers.Length - 1;

    /// <summary>Slot of a member's process; -1 for this one.</summary>
    public int SlotOf(int member) => _slotOf[member];

    /// <summary>Place of a member of this process among those.</summary>
    public int PlaceOf(int member) => _placeOf[member];

    /// <summary>Place of another process's member among those.</summary>
    public int RemoteIndexOf(int member) => _placeOf[member];

    public int MemberAt(int place) => _local[place];

    /// <summary>Place of a global rank in the group.</summary>
    public int MemberOf(int globalRank) => _members.IndexOf(globalRank);

    /// <summary>Members of a peer, in group order.</summary>
    public int[] MembersOf(Peer peer) => [.. Enumerable.Range(0, Size).Where(member => SlotOf(member) is >= 0 and var slot && Peers[slot] == peer)];

    /// <summary>Whether members of this process wait under a tag. Called under the gate.</summary>
    public bool IsCalled(CollectiveTag tag) => _open.TryGetValue(tag, out var collective) && collective.CallsHere > 0;

    /// <summary>Whether a gather goes round the ring: in a large group, when some block is not a small one.</summary>
    public bool UsesRing(in CallShape shape)
    {
        if (Peers.Length + 1 < _mesh.Options.RingProcesses)
        {
            return false;
        }

        long most = 0;
        foreach (var rows in shape.RowsPerRank.Span)
        {
            most = Math.Max(most, rows);
        }

        return most * shape.RowLength * shape.DType.Bytes() >= _mesh.Options.RingBytes;
    }

    /// <summary>Takes part in a collective; see <see cref="IRankGroup"/>.</summary>
    public ValueTask Join(
        int member, CollectiveTag tag, in CallShape shape, TensorView send, TensorView receive, CancellationToken cancellationToken)
    {
        Collective collective;
        ValueTask task;
        bool isStarted;
        lock (_mesh.Gate)
        {
            if (Refusal(member, tag, shape, send, receive) is { } fault)
            {
                return ValueTask.FromException(fault.ToException(Name, tag));
            }

            if (cancellationToken.IsCancellationRequested)
            {
                Kill(tag, CollectiveFault.Aborted(member, CancelledCall), tellPeers: true);
                return ValueTask.FromCanceled(cancellationToken);
            }

            collective = Open(tag);
            task = Add(collective, member, shape, send, receive).Task;
            isStarted = collective.CallsHere == _local.Length && TryStart(collective);
            RegisterCancellation(collective, member, cancellationToken);
        }

        if (isStarted)
        {
            DrivePeers();
            MoveHere(collective);
        }

        return task;
    }

    /// <summary>A member leaves a step.</summary>
    public void Abort(int member, long epoch, long step, string reason)
    {
        var fault = CollectiveFault.Aborted(member, reason);
        lock (_mesh.Gate)
        {
            KillStep(epoch, step, fault);
            var tag = new CollectiveTag(epoch, step, 0, CollectiveKind.Barrier);
            TellPeers(Header(FrameKind.Abort, tag) with { Member = (ushort)member }, fault.Reason());
        }
    }

    /// <summary>A process of the group is gone. Called under the gate.</summary>
    public void Lose(Peer peer)
    {
        if (Array.IndexOf(Peers, peer) < 0)
        {
            return;
        }

        var reason = peer.Loss!.Reason;
        var members = MembersOf(peer);
        _lost ??= CollectiveFault.Lost(members, reason, TimeSpan.Zero);
        foreach (var collective in _open.Values.ToArray())
        {
            var waited = _mesh.Time.GetElapsedTime(collective.OpenedAt);
            Kill(collective.Tag, CollectiveFault.Lost(members, reason, waited), tellPeers: true);
        }
    }

    /// <summary>Ends every call, and refuses later ones. Called under the gate.</summary>
    public void Close()
    {
        var reason = "this process closed the epoch";
        _lost = CollectiveFault.Lost(_local, reason, TimeSpan.Zero);
        foreach (var tag in _open.Keys.ToArray())
        {
            Kill(tag, _lost, tellPeers: false);
        }
    }

    /// <summary>Takes a call's task back for another call.</summary>
    public void Return(CallTask task)
    {
        lock (_mesh.Gate)
        {
            _spareTasks.Push(task);
        }
    }

    // The other processes, beginning with the one behind this one in the order of first members.
    private Peer[] RingOrder()
    {
        Peer?[] processes = [.. _members.Ranks.Select(_mesh.PeerOf).Distinct()];
        var here = Array.IndexOf(processes, null);
        return [.. Enumerable.Range(1, processes.Length - 1).Select(i => processes[(here + i) % processes.Length]!)];
    }

    private Collective[] OpenOf(long epoch, long step) =>
        [.. _open.Values.Where(collective => collective.Tag.Epoch == epoch && collective.Tag.Step == step)];
}
