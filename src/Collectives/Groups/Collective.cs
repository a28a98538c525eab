using System.Runtime.InteropServices;
using AkkaCp.Collectives.Calls;
using AkkaCp.Collectives.Links;
using AkkaCp.Collectives.Wire;
using AkkaCp.Npu;

namespace AkkaCp.Collectives.Groups;

/// <summary>
/// One collective as this process sees it: the calls of its own members, what the peers have announced, the blocks to come and those that
/// wait to go. Guarded by the epoch's gate; used again for later collectives.
/// </summary>
internal sealed class Collective(RankGroup group) : IRowSource
{
    private readonly List<InboundBlock> _inbound = [];
    private readonly List<OutboundBlock> _outbound = [];
    private readonly List<SumPart> _parts = [];
    private int _blocksToCome;
    private int _partsToSum;

    // Members' own rows that the kernel has not taken yet.
    private int _exchangeToSend;

    public CollectiveTag Tag { get; private set; }

    /// <summary>Time stamp of the first sign of it.</summary>
    public long OpenedAt { get; private set; }

    /// <summary>What the first member here meant; set with its call.</summary>
    public CallShape Shape { get; private set; }

    public ulong Signature { get; private set; }

    /// <summary>By place among the members of this process.</summary>
    public LocalCall[] Calls { get; } = new LocalCall[group.Map.LocalMembers];

    public int CallsHere { get; private set; }

    /// <summary>Place of the member that came first.</summary>
    public int FirstPlace { get; private set; }

    /// <summary>Counts the time for its members; made where that has a limit, and stopped while nothing waits here.</summary>
    public ITimer? Timer { get; set; }

    /// <summary>All members of this process have come, and blocks are on their way.</summary>
    public bool IsStarted { get; set; }

    /// <summary>Why it ends without a result; null while it may have one.</summary>
    public CollectiveFault? Fault { get; set; }

    /// <summary>The first frame of each peer, by slot; its kind is 0 before.</summary>
    public FrameHeader[] Announcements { get; } = new FrameHeader[group.Map.Peers.Length];

    public int PeersHere { get; private set; }

    /// <summary>Members of this process that take part; known with the first one's call.</summary>
    public int CallsAwaited { get; private set; } = group.Map.LocalMembers;

    /// <summary>Peers that take part; known with the first call here.</summary>
    public int PeersAwaited { get; private set; } = group.Map.Peers.Length;

    /// <summary>Whether a frame of the call has been queued for a peer, by slot.</summary>
    public bool[] IsAnnouncedTo { get; } = new bool[group.Map.Peers.Length];

    /// <summary>Blocks that came before all members of this process did.</summary>
    public List<StagedBlock> Staged { get; } = [];

    /// <summary>Blocks that have not gone yet.</summary>
    public Span<OutboundBlock> Outbound => CollectionsMarshal.AsSpan(_outbound);

    public Span<InboundBlock> Inbound => CollectionsMarshal.AsSpan(_inbound);

    public Span<SumPart> Parts => CollectionsMarshal.AsSpan(_parts);

    /// <summary>Threads and queued sends that still touch the tensors.</summary>
    public int Moving { get; set; }

    /// <summary>Other members' parts of the sums made here; without memory when nothing is summed.</summary>
    public Tensor Scratch { get; set; }

    /// <summary>The first member of this process, where all of them take part.</summary>
    public ref readonly LocalCall First => ref Calls[0];

    /// <summary>Whether every member of this process that takes part has come.</summary>
    public bool IsLastHere => CallsHere == CallsAwaited;

    public bool AllHere => IsLastHere && PeersHere >= PeersAwaited;

    public bool IsDone => IsStarted && AllHere && _blocksToCome == 0 && _partsToSum == 0 && _outbound.Count == 0;

    public void Open(CollectiveTag tag, long now)
    {
        Tag = tag;
        OpenedAt = now;
    }

    /// <summary>A member of this process has come; the first one says what the call means.</summary>
    public void Add(int member, in CallShape shape, TensorView send, TensorView receive)
    {
        var place = group.Map.PlaceOf(member);
        if (CallsHere++ == 0)
        {
            FirstPlace = place;
            Shape = shape;
            Signature = shape.Signature();
            (CallsAwaited, PeersAwaited) = group.Map.AwaitedBy(shape);
        }

        Calls[place] = new LocalCall { Send = send, Receive = receive, HasCome = true };
    }

    /// <summary>A peer has announced it, with its first frame.</summary>
    public void Add(int slot, in FrameHeader announcement)
    {
        Announcements[slot] = announcement;
        PeersHere++;
    }

    /// <summary>Whether a peer has announced it.</summary>
    public bool HasAnnounced(int slot) => Announcements[slot].Kind != 0;

    /// <summary>Members that it waits for.</summary>
    public int[] Missing() => [.. Enumerable.Range(0, group.Map.Size)
        .Where(member => Shape.Involves(member) && !(group.Map.IsLocal(member)
            ? Calls[group.Map.PlaceOf(member)].HasCome
            : HasAnnounced(group.Map.SlotOf(member))))];

    public bool IsWanted => Fault is null;

    public void Sent(Peer peer, in FrameHeader header, bool wasSent) => group.Sent(peer, this, header, wasSent);

    public void GiveUp() => group.GiveUp(this);

    public void Expect(InboundBlock block)
    {
        _inbound.Add(block);
        _blocksToCome++;
    }

    public void Expect(SumPart part)
    {
        _parts.Add(part);
        _partsToSum++;
    }

    public void Add(OutboundBlock block)
    {
        _outbound.Add(block);
        _exchangeToSend += block.Phase == BlockPhase.Exchange ? 1 : 0;
    }

    /// <summary>All but the first so many have gone.</summary>
    public void KeepOutbound(int count) => _outbound.RemoveRange(count, _outbound.Count - count);

    /// <summary>What has not gone never will.</summary>
    public void DropOutbound()
    {
        foreach (var block in _outbound)
            CountSent(block.Phase);

        _outbound.Clear();
    }

    /// <summary>Rows of a block will be read no more.</summary>
    public void CountSent(BlockPhase phase) => _exchangeToSend -= phase == BlockPhase.Exchange ? 1 : 0;

    /// <summary>Place of the block that a frame brings; -1 when none like it is waited for.</summary>
    public int Find(int slot, in FrameHeader header)
    {
        var inbound = Inbound;
        for (var i = 0; i < inbound.Length; i++)
        {
            if (inbound[i].Matches(slot, header))
                return i;
        }

        return -1;
    }

    /// <summary>Takes rows that can be moved now: blocks that came early, then sums whose members' rows are all here.</summary>
    public bool TryTake(out Move move)
    {
        move = default;
        if (!IsStarted || Fault is not null)
            return false;

        if (Staged.Count > 0)
        {
            var staged = Staged[^1];
            Staged.RemoveAt(Staged.Count - 1);
            move = new Move(MoveKind.Block, Find(staged.Slot, staged.Header), staged.Slot, staged.Place, IsEager: true);
            return true;
        }

        var parts = Parts;
        for (var i = 0; i < parts.Length; i++)
        {
            // A sum that overwrites rows must wait until they have gone out.
            if (!parts[i].IsTaken && parts[i].Missing == 0 && (parts[i].Owner >= 0 || _exchangeToSend == 0))
            {
                parts[i].IsTaken = true;
                move = new Move(MoveKind.Sum, i);
                return true;
            }
        }

        return false;
    }

    /// <summary>Rows are where they belong.</summary>
    public void Finish(in Move move)
    {
        switch (move.Kind)
        {
            case MoveKind.Block:
                _blocksToCome--;
                foreach (ref var part in Parts)
                    part.Missing -= part.Adds(Inbound[move.Index]) ? 1 : 0;

                break;
            case MoveKind.Sum:
                _partsToSum--;
                break;
        }
    }

    /// <summary>Forgets the collective, keeping the memory.</summary>
    public void Reset()
    {
        Scratch.Dispose();
        Scratch = default;
        Array.Clear(Calls);
        Array.Clear(Announcements);
        Array.Clear(IsAnnouncedTo);
        _inbound.Clear();
        _parts.Clear();
        Staged.Clear();
        _outbound.Clear();
        Shape = default;
        Fault = null;
        IsStarted = false;
        (CallsAwaited, PeersAwaited) = (Calls.Length, Announcements.Length);
        Signature = 0;
        FirstPlace = CallsHere = PeersHere = Moving = _blocksToCome = _partsToSum = _exchangeToSend = 0;
    }
}

/// <summary>The call of a member of this process. <see cref="Send"/> is read and <see cref="Receive"/> written; operations in place have
/// the same view in both.</summary>
internal struct LocalCall
{
    public TensorView Send;

    public TensorView Receive;

    public bool HasCome;

    /// <summary>Null before the member has come, and of the last one when all are of this process: that does not wait.</summary>
    public CallTask? Task;
}
