using System.Text;
using AkkaCp.Collectives.Calls;
using AkkaCp.Collectives.Links;
using AkkaCp.Collectives.Setup;
using AkkaCp.Collectives.Topology;
using AkkaCp.Collectives.Wire;
using AkkaCp.Npu;

namespace AkkaCp.Collectives.Groups;

/// <summary>
/// The groups of this process's ranks in one epoch, and the gate that guards all their state and that of the peers. This class takes the
/// gate when a peer tells that it, or a call, has ended, and <see cref="RankGroup"/> for calls and their rows. Nobody else does. It is held
/// for microseconds, never while rows move.
/// </summary>
internal sealed class EpochGroups
{
    private readonly Dictionary<(GroupKind Kind, int Index), RankGroup> _groups = [];
    private readonly Dictionary<(GroupKind Kind, int Rank), RankPort> _ports = [];
    private bool _isClosed;

    /// <param name="spec">The epoch.</param>
    /// <param name="options">Sizes of frames.</param>
    /// <param name="time">The clock of calls.</param>
    /// <param name="peerOf">The process of a global rank; null for this one.</param>
    /// <param name="memory">For what other processes' members add to sums; the caller's.</param>
    public EpochGroups(MeshSpec spec, DataPlaneOptions options, TimeProvider time, Func<int, Peer?> peerOf, TensorPool memory)
    {
        (Number, CallTimeout, Options, Time, Memory) = (spec.Epoch, spec.CallTimeout, options, time, memory);
        foreach (var kind in Enum.GetValues<GroupKind>())
        {
            var all = spec.Topology.Groups(kind);
            for (var index = 0; index < all.Count; index++)
            {
                if (all[index].Ranks.Any(spec.LocalRanks.Contains))
                    Add(new GroupMap(all[index], index, peerOf), all[index].Ranks.Where(spec.LocalRanks.Contains));
            }
        }
    }

    /// <summary>The epoch's number.</summary>
    public long Number { get; }

    /// <summary>How long a call waits for its members; null for ever.</summary>
    public TimeSpan? CallTimeout { get; }

    public DataPlaneOptions Options { get; }

    public TimeProvider Time { get; }

    public TensorPool Memory { get; }

    /// <summary>Guards the state of all groups and peers.</summary>
    public Lock Gate { get; } = new();

    public IReadOnlyCollection<RankGroup> All => _groups.Values;

    /// <summary>A rank's port to its group of a kind; null when the rank is not of this process.</summary>
    public RankPort? PortOf(GroupKind kind, int rank) => _ports.GetValueOrDefault((kind, rank));

    /// <summary>Takes a frame of a peer: tells its group, and puts its payload where it belongs.
    /// Runs on the peer's receiving thread.</summary>
    /// <exception cref="ProtocolException">The peer must not send this now.</exception>
    public void Receive(Peer peer, in FrameHeader header, FrameReader reader)
    {
        switch (header.Kind)
        {
            case FrameKind.Post or FrameKind.Data:
                GroupOf(peer, header, out var slot).Receive(peer, slot, header, reader);
                break;
            case FrameKind.Fault:
                var group = GroupOf(peer, header, out _);
                Fail(group, header.Tag, CollectiveFault.Decode(ReadText(header, reader), group.Map.Size));
                break;
            case FrameKind.Abort:
                group = GroupOf(peer, header, out slot);
                Abort(group, slot, header, Encoding.UTF8.GetString(ReadText(header, reader)));
                break;
        }
    }

    /// <summary>Takes a peer's word for the eager frames that it has taken.</summary>
    /// <exception cref="ProtocolException">It cannot have.</exception>
    public void Acknowledge(Peer peer, uint consumed)
    {
        lock (Gate)
            peer.Acknowledge(consumed);
    }

    /// <summary>Ends the calls that need a peer which is gone. False when it was known, or the epoch is closed.</summary>
    public bool TryLose(Peer peer, PeerLoss loss)
    {
        lock (Gate)
        {
            if (peer.Loss is not null || _isClosed)
                return false;

            peer.Loss = loss;
            foreach (var group in _groups.Values)
            {
                if (group.Map.SlotOf(peer) is >= 0 and var slot)
                    group.Calls.KillAll(group.Map.MembersOf(slot), loss.Reason);
            }

            return true;
        }
    }

    /// <summary>Ends every call here, and tells the peers that nothing more comes.</summary>
    public void Close(IEnumerable<Peer> peers)
    {
        lock (Gate)
        {
            _isClosed = true;
            foreach (var group in _groups.Values)
                group.Calls.KillAll();

            foreach (var peer in peers)
            {
                peer.Send.Enqueue(new SendItem { Header = FrameHeader.Plain(FrameKind.Goodbye, Number) });
                peer.Send.Close();
            }
        }
    }

    /// <summary>The kind of another group in which members of this process wait under a tag. Only tags that have no home can be called
    /// there. Called under the gate.</summary>
    public GroupKind? KindInUse(CollectiveTag tag, GroupKind kind)
    {
        if (tag.Kind.Home() is null)
        {
            foreach (var group in _groups.Values)
            {
                if (group.Map.Kind != kind && group.Calls.IsCalled(tag))
                    return group.Map.Kind;
            }
        }

        return null;
    }

    /// <summary>Ends a tag in all groups in which members of this process wait under it. Called under the gate.</summary>
    public void KillCalls(CollectiveTag tag, CollectiveFault fault)
    {
        foreach (var group in _groups.Values)
        {
            if (group.Calls.IsCalled(tag))
                group.Calls.Kill(tag, fault, tellPeers: true);
        }
    }

    // A peer ended a call; it has told everybody.
    private void Fail(RankGroup group, CollectiveTag tag, CollectiveFault fault)
    {
        lock (Gate)
            group.Calls.Kill(tag, fault, tellPeers: false);
    }

    // A member of a peer left a step.
    private void Abort(RankGroup group, int slot, in FrameHeader header, string reason)
    {
        if (group.Map.SlotOf(header.Member) != slot)
            throw new ProtocolException($"an abort of member {header.Member}, which is not the peer's, in {group.Map.Name}");

        lock (Gate)
            group.Calls.KillStep(header.Tag.Epoch, header.Tag.Step, CollectiveFault.Aborted(header.Member, reason), slot);
    }

    // Short, as the header's form was checked.
    private static byte[] ReadText(in FrameHeader header, FrameReader reader)
    {
        var text = new byte[header.Length];
        reader.Read(text);
        return text;
    }

    // The group that a frame is for, and the peer's slot in it.
    private RankGroup GroupOf(Peer peer, in FrameHeader header, out int slot)
    {
        slot = -1;
        if (_groups.TryGetValue((header.GroupKind, header.GroupIndex), out var group))
            slot = group.Map.SlotOf(peer);

        return slot >= 0 && header.Member < group!.Map.Size
            ? group
            : throw new ProtocolException($"a frame for group {header.GroupIndex} of kind {header.GroupKind}, member {header.Member}");
    }

    private void Add(GroupMap map, IEnumerable<int> ranks)
    {
        var group = new RankGroup(this, map);
        _groups.Add((map.Kind, map.Index), group);
        foreach (var rank in ranks)
            _ports.Add((map.Kind, rank), new RankPort(group, map.MemberOf(rank)));
    }
}
