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
internal sealed class Collective(RankGroup group, int localMembers, int peers) : IRowSource
{
    private readonly List<InboundBlock> _inbound = [];
    private readonly List<SumPart> _parts = [];

    public CollectiveTag Tag { get; private set; }

    /// <summary>Time stamp of the first sign of it.</summary>
    public long OpenedAt { get; private set; }

    /// <summary>What the first member here meant; set with its call.</summary>
    public CallShape Shape { get; private set; }

    public ulong Signature { get; private set; }

    /// <summary>By place among the members of this process.</summary>
    public LocalCall[] Calls { get; } = new LocalCall[localMembers];

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
    public FrameHeader[] Announcements { get; } = new FrameHeader[peers];

    public int PeersHere { get; set; }

    /// <summary>Members of this process that take part; known with the first one's call.</summary>
    public int CallsAwaited { get; private set; } = localMembers;

    /// <summary>Peers that take part; known with the first call here.</summary>
    public int PeersAwaited { get; private set; } = peers;

    /// <summary>Whether a frame of the call has been queued for a peer, by slot.</summary>
    public bool[] IsAnnouncedTo { get; } = new bool[peers];

    /// <summary>Blocks that came before all members of this process did.</summary>
    public List<StagedBlock> Staged { get; } = [];

    /// <summary>Blocks whose receiver has not announced the call yet.</summary>
    public List<OutboundBlock> Held { get; } = [];

    public Span<InboundBlock> Inbound => CollectionsMarshal.AsSpan(_inbound);

    public int BlocksToCome { get; set; }

    public Span<SumPart> Parts => CollectionsMarshal.AsSpan(_parts);

    public int PartsToSum { get; set; }

    /// <summary>Exchanged blocks of this process that the kernel has not taken yet.</summary>
    public int ExchangeToSend { get; set; }

    /// <summary>Threads and queued sends that still touch the tensors.</summary>
    public int Moving { get; set; }

    /// <summary>Other members' parts of the sums made here; without memory when nothing is summed.</summary>
    public Tensor Scratch { get; set; }

    /// <summary>The first member of this process, where all of them take part.</summary>
    public ref readonly LocalCall First => ref Calls[0];

    /// <summary>Whether every member of this process that takes part has come.</summary>
    public bool IsLastHere => CallsHere == CallsAwaited;

    public bool AllHere => IsLastHere && PeersHere >= PeersAwaited;

    public bool IsDone => IsStarted && AllHere && BlocksToCome == 0 && PartsToSum == 0 && Held.Count == 0;

    public void Open(CollectiveTag tag, long now)
    {
        Tag = tag;
        OpenedAt = now;
    }

    /// <summary>The first member of this process has come: what it means, and who takes part.</summary>
    public void Begin(in CallShape shape, int callsAwaited, int peersAwaited)
    {
        Shape = shape;
        Signature = shape.Signature();
        (CallsAwaited, PeersAwaited) = (callsAwaited, peersAwaited);
    }

    /// <summary>A member of this process has come.</summary>
    public void Add(int place, TensorView send, TensorView receive)
    {
        if (CallsHere++ == 0)
        {
            FirstPlace = place;
        }

        Calls[place] = new LocalCall { Send = send, Receive = receive, HasCome = true };
    }

    /// <summary>Whether a peer has announced it.</summary>
    public bool HasAnnounced(int slot) => Announcements[slot].Kind != 0;

    public bool IsWanted => Fault is null;

    public void Sent(Peer peer, in FrameHeader header, bool wasSent) => group.Sent(peer, this, header, wasSent);

    public void Expect(InboundBlock block)
    {
        _inbound.Add(block);
        BlocksToCome++;
    }

    public void Expect(SumPart part)
    {
        _parts.Add(part);
        PartsToSum++;
    }

    /// <summary>Place of the block that a frame brings; -1 when none like it is waited for.</summary>
    public int Find(int slot, in FrameHeader header)
    {
        var inbound = Inbound;
        for (var i = 0; i < inbound.Length; i++)
        {
            if (inbound[i].Matches(slot, header))
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>A part whose members' rows are all here, for the caller to sum; -1 when there is none.</summary>
    public int TakePart()
    {
        var parts = Parts;
        for (var i = 0; i < parts.Length; i++)
        {
            // A sum that overwrites rows must wait until they have gone out.
            if (!parts[i].IsTaken && parts[i].Missing == 0 && (parts[i].Owner >= 0 || ExchangeToSend == 0))
            {
                parts[i].IsTaken = true;
                return i;
            }
        }

        return -1;
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
        Held.Clear();
        Shape = default;
        Fault = null;
        IsStarted = false;
        (CallsAwaited, PeersAwaited) = (Calls.Length, Announcements.Length);
        Signature = 0;
        FirstPlace = CallsHere = PeersHere = BlocksToCome = PartsToSum = ExchangeToSend = Moving = 0;
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
