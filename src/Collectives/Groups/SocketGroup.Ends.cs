using AkkaCp.Collectives.Calls;
using AkkaCp.Collectives.Links;
using AkkaCp.Collectives.Wire;

namespace AkkaCp.Collectives.Groups;

/// <summary>How calls end: done, or with a fault that every member learns of.</summary>
internal sealed partial class SocketGroup
{
    /// <summary>A peer ended a call.</summary>
    public void Fail(CollectiveTag tag, CollectiveFault fault)
    {
        lock (_mesh.Gate)
        {
            // The peer has told everybody.
            Kill(tag, fault, tellPeers: false);
        }
    }

    /// <summary>A member of a peer left a step.</summary>
    public void Aborted(int slot, in FrameHeader header, string reason)
    {
        if (header.Member >= Size || SlotOf(header.Member) != slot)
        {
            throw new ProtocolException($"an abort of member {header.Member}, which is not the peer's, in {Name}");
        }

        var fault = CollectiveFault.Aborted(header.Member, reason);
        lock (_mesh.Gate)
        {
            _deadSteps.Add((header.Tag.Epoch, header.Tag.Step), fault);
            foreach (var collective in OpenOf(header.Tag.Epoch, header.Tag.Step))
            {
                // What the peer has announced it finishes, or ends by itself.
                if (collective.Announcements[slot].Kind == 0 && !collective.AllHere)
                {
                    Kill(collective.Tag, fault, tellPeers: false);
                }
            }
        }
    }

    /// <summary>Ends a tag's call and every later one. Called under the gate.</summary>
    public void Kill(CollectiveTag tag, CollectiveFault fault, bool tellPeers)
    {
        _deadTags.Add(tag, fault);
        if (tellPeers)
        {
            TellPeers(Header(FrameKind.Fault, tag), fault.Encode());
        }

        if (!_open.Remove(tag, out var collective))
        {
            if (_endedOneWay.TryGet(tag, out _))
            {
                // Its members have gone on, so that the step must tell them.
                KillStep(tag.Epoch, tag.Step, fault);
            }

            return;
        }

        collective.Fault = fault;
        DropHeld(collective);
        if (!collective.IsStarted)
        {
            // Once it has started, the last caller gives them back.
            foreach (var staged in collective.Staged)
            {
                Release(Peers[staged.Slot], staged.Place);
            }
        }

        End(collective);
    }

    // Ends a step here and, for the calls of it that are open, on the peers. Called under the gate.
    private void KillStep(long epoch, long step, CollectiveFault fault)
    {
        _deadSteps.Add((epoch, step), fault);
        foreach (var collective in OpenOf(epoch, step))
        {
            // When everyone has come the rows are on their way, and peers count on them.
            if (!collective.AllHere)
            {
                Kill(collective.Tag, fault, tellPeers: true);
            }
        }
    }

    // Sums what is ready, then lets go of the collective, which ends if nothing else is left. The caller counts as one that moves.
    private void Continue(Collective collective)
    {
        while (true)
        {
            SumPart part;
            lock (_mesh.Gate)
            {
                var ready = collective.Fault is null && collective.IsStarted ? collective.TakePart() : -1;
                if (ready < 0)
                {
                    collective.Moving--;
                    End(collective);
                    return;
                }

                part = collective.Parts[ready];
            }

            RowMoves.Sum(this, collective, part);
            lock (_mesh.Gate)
            {
                Summed(collective, part);
            }
        }
    }

    private void Summed(Collective collective, in SumPart part)
    {
        collective.PartsToSum--;
        if (part.Owner < 0 || collective.Shape.Operation != GroupOperation.AllReduce || collective.Fault is not null)
        {
            return;
        }

        var sums = collective.First.Receive.Slice(part.FirstRow, part.Rows);
        for (var slot = 0; slot < Peers.Length; slot++)
        {
            Send(collective, slot, BlockPhase.Sum, part.Owner, part.Owner, sums);
        }
    }

    // Completes the members' calls when no thread touches their tensors any more, and nothing is left to do or to hope for.
    private void End(Collective collective)
    {
        if (collective.Moving > 0 || !(collective.Fault is not null || collective.IsDone))
        {
            return;
        }

        if (collective.Fault is null)
        {
            _open.Remove(collective.Tag);
            if (collective.IsOneWay)
            {
                _endedOneWay.Add(collective.Tag, collective.Shape);
            }
        }

        foreach (ref readonly var call in collective.Calls.AsSpan())
        {
            if (call.Task is { } task)
            {
                task.Leave();
                if (collective.Fault is { } fault)
                {
                    task.Fail(fault.ToException(Name, collective.Tag));
                }
                else
                {
                    task.Succeed();
                }
            }
        }

        collective.Reset();
        _spareCollectives.Push(collective);
    }

    private static void DropHeld(Collective collective)
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

    private void TellPeers(FrameHeader header, byte[] text)
    {
        foreach (var peer in Peers)
        {
            if (peer.Loss is null)
            {
                peer.Send.Enqueue(new SendItem { Header = header with { Length = text.Length }, Text = text });
            }
        }
    }

    private void Release(Peer peer, int place)
    {
        peer.Arena.Return(place);
        Consumed(peer);
    }

    private void Consumed(Peer peer)
    {
        if (peer.Consume() && peer.Loss is null)
        {
            peer.Send.Enqueue(new SendItem { Header = _mesh.Plain(FrameKind.Credit) });
        }
    }

    // The payload of a call that failed is read all the same, to find the frame behind it.
    private static Arrival Unwanted(in FrameHeader header) =>
        new() { Kind = header.Kind == FrameKind.Post ? ArrivalKind.Nothing : ArrivalKind.Unwanted };
}
