using System.Runtime.InteropServices;
using AkkaCp.Collectives.Calls;
using AkkaCp.Collectives.Wire;
using AkkaCp.Npu;

namespace AkkaCp.Collectives.Groups;

/// <summary>
/// One collective as this process sees it: the calls of its own members, what the peers have announced, the blocks to come and those that
/// wait to go. Guarded by the mesh's gate; used again for later collectives.
/// </summary>
internal sealed class Collective(int localMembers, int peers)
{
    private readonly List<InboundBlock> _inbound = [];
    private readonly List<SumPart> _parts = [];

    public CollectiveTag Tag { get; private set; }

    /// <summary>Time stamp of the first sign of it.</summary>
    public long OpenedAt { get; private set; }

    /// <summary>What the first member here meant; set with its call.</summary>
    public CallShape Shape { get; set; }

    public ulong Signature { get; set; }

    /// <summary>By place among the members of this process.</summary>
    public LocalCall[] Calls { get; } = new LocalCall[localMembers];

    public int CallsHere { get; set; }

    /// <summary>All members of this process have come, and blocks are on their way.</summary>
    public bool IsStarted { get; set; }

    public CollectiveFault? Fault { get; set; }

    /// <summary>The first frame of each peer, by slot; its kind is 0 before.</summary>
    public FrameHeader[] Announcements { get; } = new FrameHeader[peers];

    public int PeersHere { get; set; }

    /// <summary>Announcements that the call waits for: of every peer, unless it is <see cref="IsOneWay"/>.</summary>
    public int PeersAwaited { get; private set; } = peers;

    /// <summary>A short broadcast: its root sends and has done, and its receivers announce nothing unless the root asks.</summary>
    public bool IsOneWay { get; private set; }

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

    /// <summary>Some member of this process, for frames that stand for all of them.</summary>
    public ref readonly LocalCall First => ref Calls[0];

    public bool AllHere => CallsHere == Calls.Length && PeersHere >= PeersAwaited;

    public bool IsDone => IsStarted && AllHere && BlocksToCome == 0 && PartsToSum == 0 && Held.Count == 0;

    public void Open(CollectiveTag tag, long now)
    {
        Tag = tag;
        OpenedAt = now;
    }

    /// <summary>Makes it one-way, waiting for so many announcements.</summary>
    public void BeOneWay(int peersAwaited) => (IsOneWay, PeersAwaited) = (true, peersAwaited);

    public void Expect(InboundBlock block)
    {
        _inbound.Add(block);
        BlocksToCome++;
    }

    public void AddPart(SumPart part)
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
        IsStarted = IsOneWay = false;
        PeersAwaited = Announcements.Length;
        Signature = 0;
        CallsHere = PeersHere = BlocksToCome = PartsToSum = ExchangeToSend = Moving = 0;
    }
}
