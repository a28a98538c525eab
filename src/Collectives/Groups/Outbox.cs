using AkkaCp.Collectives.Calls;
using AkkaCp.Collectives.Links;
using AkkaCp.Collectives.Wire;

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

    /// <summary>Queues the first frames of a call: the blocks that may go, and a post for who gets no block. They stay in the queues until
    /// <see cref="Drive"/>.</summary>
    public void Begin(Collective call)
    {
        SendReady(call, wakes: false);
        for (var slot = 0; slot < map.Peers.Length; slot++)
            Announce(call, slot, wakes: false);
    }

    /// <summary>Has sent what was queued, outside the gate; in a small group the caller sends short frames itself.</summary>
    public void Drive()
    {
        foreach (var peer in map.Peers)
            peer.Send.Drive(map.Peers.Length <= MaxPeersDrivenByCaller);
    }

    /// <summary>Sends the blocks of a call that may go, and keeps the others.</summary>
    public void SendReady(Collective call, bool wakes = true)
    {
        var kept = 0;
        foreach (var block in call.Outbound)
        {
            var isAnnounced = call.HasAnnounced(block.Slot);
            if (isAnnounced || (block.Length <= eagerBytes && map.Peers[block.Slot].TryTakeCredit()))
                Send(call, block, isEager: !isAnnounced, wakes);
            else
                call.Outbound[kept++] = block;
        }

        call.KeepOutbound(kept);
    }

    /// <summary>Tells a peer of the call, unless it takes no part, or a block of the call has told it.</summary>
    public void Announce(Collective call, int slot, bool wakes = true)
    {
        var shape = call.Shape;
        if (call.IsAnnouncedTo[slot] || !map.Involves(shape, slot))
            return;

        call.IsAnnouncedTo[slot] = true;
        var member = map.MemberAt(0);
        Enqueue(map.Peers[slot], new SendItem
        {
            Header = HeaderOf(FrameKind.Post, call) with
            {
                DType = shape.DType,
                Member = (ushort)member,
                Rows = shape.RowsPerRank.IsEmpty ? shape.Rows : shape.RowsPerRank.Span[member],
                RowLength = shape.RowLength,
            },
        }, wakes);
    }

    /// <summary>Counts a frame whose rows have left their tensor, or never will.</summary>
    public static void CountSent(Peer peer, Collective call, in FrameHeader header, bool wasSent)
    {
        if (!wasSent && header.Eager)
            peer.ReturnCredit();

        call.CountSent(header.Phase);
    }

    /// <summary>Forgets the blocks of a call that has failed: those that have not gone, and those that wait in an arena.</summary>
    public void Drop(Collective call)
    {
        call.DropOutbound();
        foreach (var staged in call.Staged)
            Release(map.Peers[staged.Slot], staged.Place);

        call.Staged.Clear();
    }

    /// <summary>Tells every peer why a call has failed.</summary>
    public void TellFault(CollectiveTag tag, CollectiveFault fault)
    {
        if (map.Peers.Length > 0)
            TellPeers(HeaderOf(FrameKind.Fault, tag), fault.Encode());
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
            peer.Send.Enqueue(new SendItem { Header = FrameHeader.Plain(FrameKind.Credit, epoch) });
    }

    private void Send(Collective call, in OutboundBlock block, bool isEager, bool wakes)
    {
        call.IsAnnouncedTo[block.Slot] = true;
        call.Moving++;
        Enqueue(map.Peers[block.Slot], new SendItem
        {
            Header = HeaderOf(FrameKind.Data, call) with
            {
                DType = block.Rows.DType,
                Eager = isEager,
                Member = (ushort)block.Member,
                Part = (ushort)block.Part,
                Phase = block.Phase,
                Rows = block.Rows.Rows,
                RowLength = block.Rows.RowLength,
                Length = block.Length,
            },
            Rows = block.Rows,
            Source = call,
        }, wakes);
    }

    private static void Enqueue(Peer peer, in SendItem item, bool wakes)
    {
        if (wakes)
            peer.Send.Enqueue(item);
        else
            peer.Send.EnqueueOnly(item);
    }

    private void TellPeers(FrameHeader header, byte[] text)
    {
        foreach (var peer in map.Peers)
        {
            if (peer.Loss is null)
                peer.Send.Enqueue(new SendItem { Header = header with { Length = text.Length }, Text = text });
        }
    }

    private FrameHeader HeaderOf(FrameKind kind, Collective call) => HeaderOf(kind, call.Tag) with
    {
        Operation = call.Shape.Operation,
        Signature = call.Signature,
    };

    private FrameHeader HeaderOf(FrameKind kind, CollectiveTag tag) => new()
    {
        Kind = kind,
        Tag = tag,
        GroupKind = map.Kind,
        GroupIndex = map.Index,
    };
}
