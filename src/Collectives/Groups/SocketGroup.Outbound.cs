using AkkaCp.Collectives.Calls;
using AkkaCp.Collectives.Links;
using AkkaCp.Collectives.Wire;
using AkkaCp.Npu;

namespace AkkaCp.Collectives.Groups;

/// <summary>
/// Blocks out. A block is sent when its receiver has announced the call, and can take it straight into its tensor; a short one also
/// before, as long as the receiver has a place for it. So a call that all members have made always ends: no block of it waits for another
/// call.
/// </summary>
internal sealed partial class SocketGroup
{
    /// <summary>Sends rows to a peer, now or when it may. Called under the gate.</summary>
    public void Send(Collective collective, int slot, BlockPhase phase, int member, int part, TensorView rows)
    {
        var peer = Peers[slot];
        var block = new OutboundBlock(peer, Header(FrameKind.Data, collective) with
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

        if (collective.Announcements[slot].Kind != 0)
        {
            Queue(collective, slot, block);
        }
        else if (block.Header.Length <= EagerBytes && peer.TryTakeCredit())
        {
            Queue(collective, slot, block with { Header = block.Header with { Eager = true } });
        }
        else
        {
            collective.Held.Add(block);
        }
    }

    /// <summary>Rows have left their tensor, or never will.</summary>
    public void Sent(Peer peer, Collective collective, in FrameHeader header, bool wasSent)
    {
        lock (_mesh.Gate)
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

        Continue(collective);
    }

    private void Queue(Collective collective, int slot, in OutboundBlock block)
    {
        collective.IsAnnouncedTo[slot] = true;
        collective.Moving++;
        Enqueue(block.To, new SendItem { Header = block.Header, Rows = block.Rows, Group = this, Collective = collective });
    }

    // Tells a peer of the call, unless a block of its own has done so or will; what is one-way is told by its root, and to it when it asks.
    private void Announce(Collective collective, int slot)
    {
        var shape = collective.Shape;
        var isOwed = !collective.IsOneWay || SlotOf(shape.Root) < 0 || collective.Announcements[slot].Kind == FrameKind.Post;
        if (collective.IsAnnouncedTo[slot] || !isOwed)
        {
            return;
        }

        collective.IsAnnouncedTo[slot] = true;
        Enqueue(Peers[slot], new SendItem
        {
            Header = Header(FrameKind.Post, collective) with
            {
                DType = shape.DType,
                Member = (ushort)_local[0],
                Rows = collective.First.Send.Rows,
                RowLength = shape.RowLength,
            },
        });
    }

    // A call that starts sees to its frames itself, once it has left the gate.
    private void Enqueue(Peer peer, in SendItem item)
    {
        if (_isStarting)
        {
            peer.Send.EnqueueOnly(item);
        }
        else
        {
            peer.Send.Enqueue(item);
        }
    }

    private FrameHeader Header(FrameKind kind, Collective collective) => Header(kind, collective.Tag) with
    {
        Operation = collective.Shape.Operation,
        Signature = collective.Signature,
    };

    private FrameHeader Header(FrameKind kind, CollectiveTag tag) => new()
    {
        Kind = kind,
        Tag = tag,
        GroupKind = Kind,
        GroupIndex = _index,
    };
}
