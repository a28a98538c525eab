using AkkaCp.Collectives.Calls;
using AkkaCp.Collectives.Links;
using AkkaCp.Collectives.Wire;
using AkkaCp.Npu;

namespace AkkaCp.Collectives.Groups;

/// <summary>
/// Frames of a group to its other processes. A block is sent when its receiver has announced the call, and can take it straight into its
/// tensor; a short one also before, as long as the receiver has a place for it. So a call that all members have made always ends: no block
/// of it waits for another call. Called under the gate.
/// </summary>
internal sealed class Outbox(GroupMap map, long epoch, int eagerBytes)
{
    // Beyond that many system calls, waking the links' threads returns sooner.
    private const int MaxPeersDrivenByCaller = 3;

    /// <summary>Whether frames stay in their queues until <see cref="Drive"/>: a call that starts sees to its frames itself, once it has
    /// left the gate.</summary>
    public bool IsHoldingBack { get; set; }

    /// <summary>Has sent what was held back, outside the gate; in a small group the caller sends short frames itself.</summary>
    public void Drive()
    {
        foreach (var peer in map.Peers)
        {
            peer.Send.Drive(map.Peers.Length <= MaxPeersDrivenByCaller);
        }
    }

    /// <summary>Sends rows to a peer, now or when it may.</summary>
    public void Send(Collective collective, int slot, BlockPhase phase, int member, int part, TensorView rows)
    {
        var peer = map.Peers[slot];
        var block = new OutboundBlock(peer, HeaderOf(FrameKind.Data, collective) with
        {
            DType = rows.DType,
            Member = (ushort)member,
            Part = (ushort)part,
            Phase = phase,
            Rows = rows.Rows,
            RowLength = rows.RowLength,
            Length = rows.Count * rows.DType.Bytes(),
        }, rows);
        if (phase == BlockPhase.Exchange)
        {
            collective.ExchangeToSend++;
        }

        if (collective.HasAnnounced(slot))
        {
            Queue(collective, slot, block);
        }
        else if (block.Header.Length <= eagerBytes && peer.TryTakeCredit())
        {
            Queue(collective, slot, block with { Header = block.Header with { Eager = true } });
        }
        else
        {
            collective.Held.Add(block);
        }
    }

    /// <summary>Sends a member's rows to all other processes, or to the next one in the ring.</summary>
    public void SendToAll(Collective collective, int member, TensorView rows, bool isRing)
    {
        var peers = isRing ? 1 : map.Peers.Length;
        for (var slot = 0; slot < peers; slot++)
        {
            Send(collective, slot, BlockPhase.Exchange, member, 0, rows);
        }
    }

    /// <summary>Counts a frame whose rows have left their tensor, or never will.</summary>
    public static void CountSent(Peer peer, Collective collective, in FrameHeader header, bool wasSent)
    {
        if (!wasSent && header.Eager)
        {
            peer.ReturnCredit();
        }

        if (header.Phase == BlockPhase.Exchange)
        {
            collective.ExchangeToSend--;
        }
    }

    /// <summary>Sends the blocks that waited for a peer's announcement.</summary>
    public void SendHeld(Collective collective, int slot)
    {
        for (var i = collective.Held.Count - 1; i >= 0; i--)
        {
            var block = collective.Held[i];
            if (block.To == map.Peers[slot])
            {
                collective.Held.RemoveAt(i);
                Queue(collective, slot, block);
            }
        }
    }

    /// <summary>Forgets the blocks that wait for announcements.</summary>
    public static void DropHeld(Collective collective)
    {
        foreach (var block in collective.Held)
        {
            if (block.Header.Phase == BlockPhase.Exchange)
            {
                collective.ExchangeToSend--;
            }
        }

        collective.Held.Clear();
    }

    /// <summary>Tells a peer of the call, unless it takes no part, or a block of the call has told it.</summary>
    public void Announce(Collective collective, int slot)
    {
        var shape = collective.Shape;
        if (collective.IsAnnouncedTo[slot] || !map.Involves(shape, slot))
        {
            return;
        }

        collective.IsAnnouncedTo[slot] = true;
        var member = map.MemberAt(0);
        Enqueue(map.Peers[slot], new SendItem
        {
            Header = HeaderOf(FrameKind.Post, collective) with
            {
                DType = shape.DType,
                Member = (ushort)member,
                Rows = shape.RowsPerRank.IsEmpty ? shape.Rows : shape.RowsPerRank.Span[member],
                RowLength = shape.RowLength,
            },
        });
    }

    /// <summary>Tells every peer why a call has failed.</summary>
    public void TellFault(CollectiveTag tag, CollectiveFault fault)
    {
        if (map.Peers.Length > 0)
        {
            TellPeers(HeaderOf(FrameKind.Fault, tag), fault.Encode());
        }
    }

    /// <summary>Tells every peer that a member has left a step.</summary>
    public void TellAbort(long step, int member, CollectiveFault fault) => TellPeers(
        HeaderOf(FrameKind.Abort, new CollectiveTag(epoch, step, 0, default)) with { Member = (ushort)member }, fault.Reason());

    /// <summary>Gives back a place for early frames; the peer gets its credit.</summary>
    public void Release(Peer peer, int place)
    {
        peer.Arena.Return(place);
        Consume(peer);
    }

    /// <summary>Gives a peer the credit of an eager frame back.</summary>
    public void Consume(Peer peer)
    {
        if (peer.Consume() && peer.Loss is null)
        {
            peer.Send.Enqueue(new SendItem { Header = FrameHeader.Plain(FrameKind.Credit, epoch) });
        }
    }

    private void Queue(Collective collective, int slot, in OutboundBlock block)
    {
        collective.IsAnnouncedTo[slot] = true;
        collective.Moving++;
        Enqueue(block.To, new SendItem { Header = block.Header, Rows = block.Rows, Source = collective });
    }

    private void Enqueue(Peer peer, in SendItem item)
    {
        if (IsHoldingBack)
        {
            peer.Send.EnqueueOnly(item);
        }
        else
        {
            peer.Send.Enqueue(item);
        }
    }

    private void TellPeers(FrameHeader header, byte[] text)
    {
        foreach (var peer in map.Peers)
        {
            if (peer.Loss is null)
            {
                peer.Send.Enqueue(new SendItem { Header = header with { Length = text.Length }, Text = text });
            }
        }
    }

    private FrameHeader HeaderOf(FrameKind kind, Collective collective) => HeaderOf(kind, collective.Tag) with
    {
        Operation = collective.Shape.Operation,
        Signature = collective.Signature,
    };

    private FrameHeader HeaderOf(FrameKind kind, CollectiveTag tag) => new()
    {
        Kind = kind,
        Tag = tag,
        GroupKind = map.Kind,
        GroupIndex = map.Index,
    };
}
