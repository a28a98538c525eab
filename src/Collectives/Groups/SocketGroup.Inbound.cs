using AkkaCp.Collectives.Calls;
using AkkaCp.Collectives.Links;
using AkkaCp.Collectives.Topology;
using AkkaCp.Collectives.Wire;

namespace AkkaCp.Collectives.Groups;

/// <summary>Blocks in: a receiving thread can always take what comes, whatever calls its ranks have made.</summary>
internal sealed partial class SocketGroup
{
    // Calls that peers have announced and nobody here has made; pipelines are a few steps apart.
    private const int MaxOpen = 1024;

    /// <summary>Says where a frame's payload goes. Until the matching <see cref="Arrived"/> or <see cref="Interrupted"/> the collective
    /// is kept.</summary>
    /// <exception cref="ProtocolException">The peer must not send this now.</exception>
    public Arrival Arrive(Peer peer, int slot, in FrameHeader header)
    {
        lock (_mesh.Gate)
        {
            if (FaultOf(header.Tag) is not null || OpenFor(slot, header) is not { } collective)
            {
                return Unwanted(header);
            }

            if (header.Kind == FrameKind.Post)
            {
                End(collective);
                return new Arrival { Kind = ArrivalKind.Nothing };
            }

            if (!collective.IsStarted)
            {
                return Early(peer, collective, header);
            }

            var place = Take(collective, slot, header);
            collective.Moving++;
            return new Arrival
            {
                Kind = ArrivalKind.Wanted,
                Collective = collective,
                Place = place,
                Rows = collective.Inbound[place].Rows,
            };
        }
    }

    /// <summary>A frame's payload is where <see cref="Arrive"/> said.</summary>
    public void Arrived(Peer peer, int slot, in FrameHeader header, in Arrival arrival)
    {
        switch (arrival.Kind)
        {
            case ArrivalKind.Unwanted:
                if (header.Eager)
                {
                    lock (_mesh.Gate)
                    {
                        Consumed(peer);
                    }
                }

                break;
            case ArrivalKind.Early:
                ArrivedEarly(peer, slot, header, arrival);
                break;
            case ArrivalKind.Wanted:
                CopyToTwins(arrival.Collective!, arrival.Collective!.Inbound[arrival.Place]);
                lock (_mesh.Gate)
                {
                    if (header.Eager)
                    {
                        Consumed(peer);
                    }

                    Finish(arrival.Collective!, arrival.Place);
                }

                Continue(arrival.Collective!);
                break;
        }
    }

    /// <summary>A frame's payload did not come whole; its link is about to be lost.</summary>
    public void Interrupted(Peer peer, in Arrival arrival)
    {
        if (arrival.Collective is not { } collective)
        {
            return;
        }

        lock (_mesh.Gate)
        {
            if (arrival.Kind == ArrivalKind.Early)
            {
                peer.Arena.Return(arrival.Place);
            }

            // Whoever loses the link kills the call; its block must not look as if it were here.
            collective.Moving--;
            End(collective);
        }
    }

    // The collective of a frame, opened and announced where that is new; null when the frame shows that it cannot be.
    private Collective? OpenFor(int slot, in FrameHeader header)
    {
        if (Stray(header) is { } mismatch)
        {
            _mesh.KillEverywhere(header.Tag, this, mismatch);
            return null;
        }

        if (_open.Count >= MaxOpen && !_open.ContainsKey(header.Tag))
        {
            throw new ProtocolException($"{header.Tag} in {Name}, where {_open.Count} calls are open");
        }

        var collective = Open(header.Tag);
        return collective.Announcements[slot].Kind != 0 || TryHear(collective, slot, header) ? collective : null;
    }

    // Why a frame belongs to no call that this group has or may get; null when it may.
    private CollectiveFault? Stray(in FrameHeader header)
    {
        if (header.Tag.Kind.Home() is { } home && home != Kind)
        {
            return CollectiveFault.Mismatch(header.Member, $"a group of kind {home.Name()} for {header.Tag.Kind}", Name);
        }

        if (_mesh.KindInUse(header.Tag, Kind) is { } other)
        {
            return CollectiveFault.Mismatch(
                header.Member, $"a group of kind {other.Name()}, where others wait under the same tag", Name);
        }

        // Nobody who meant the same sends anything more.
        return _endedOneWay.TryGet(header.Tag, out var ended)
            ? CollectiveFault.Mismatch(header.Member, ended.ToString(), Describe(header))
            : null;
    }

    // Takes a peer's announcement. False when it means something else: the collective has ended, and may serve another call by then.
    private bool TryHear(Collective collective, int slot, in FrameHeader header)
    {
        collective.Announcements[slot] = header;
        collective.PeersHere++;
        if (!collective.IsStarted)
        {
            return true;
        }

        if (Disagreement(collective, slot) is { } mismatch)
        {
            Kill(collective.Tag, mismatch, tellPeers: true);
            return false;
        }

        Announce(collective, slot);
        for (var i = collective.Held.Count - 1; i >= 0; i--)
        {
            var block = collective.Held[i];
            if (block.To == Peers[slot])
            {
                collective.Held.RemoveAt(i);
                Queue(collective, slot, block);
            }
        }

        return true;
    }

    private CollectiveFault? Disagreement(Collective collective, int slot)
    {
        ref readonly var theirs = ref collective.Announcements[slot];
        return theirs.Kind == 0 || theirs.Signature == collective.Signature
            ? null
            : CollectiveFault.Mismatch(theirs.Member, $"{collective.Shape} as on member {_local[0]}", Describe(theirs));
    }

    private static string Describe(in FrameHeader header) => header.Operation == GroupOperation.Barrier
        ? "Barrier"
        : $"{header.Operation} of {header.Rows} rows of {header.RowLength} {header.DType}, or other row counts";

    private Arrival Early(Peer peer, Collective collective, in FrameHeader header)
    {
        if (!header.Eager || header.Length > EagerBytes)
        {
            throw new ProtocolException($"{header.Length} bytes for {header.Tag} in {Name}, which nobody is ready for");
        }

        var place = peer.Arena.Take();
        if (place < 0)
        {
            throw new ProtocolException($"more than {_mesh.Options.EagerFrames} frames before their calls");
        }

        collective.Moving++;
        return new Arrival { Kind = ArrivalKind.Early, Collective = collective, Place = place };
    }

    private void ArrivedEarly(Peer peer, int slot, in FrameHeader header, in Arrival arrival)
    {
        var collective = arrival.Collective!;
        int place;
        lock (_mesh.Gate)
        {
            place = collective is { IsStarted: true, Fault: null } ? Take(collective, slot, header) : -1;
            if (place < 0)
            {
                if (collective.Fault is null)
                {
                    collective.Staged.Add(new StagedBlock(slot, arrival.Place, header));
                }
                else
                {
                    Release(peer, arrival.Place);
                }
            }
        }

        if (place >= 0)
        {
            // The call was made while its rows were coming.
            Place(collective, collective.Inbound[place], peer.Arena.Bytes(arrival.Place, header.Length));
            lock (_mesh.Gate)
            {
                Release(peer, arrival.Place);
                Finish(collective, place);
            }
        }

        Continue(collective);
    }

    // Marks a posted block as on its way in.
    private int Take(Collective collective, int slot, in FrameHeader header)
    {
        var place = collective.Find(slot, header);
        if (place < 0 || collective.Inbound[place].IsTaken)
        {
            throw new ProtocolException($"rows of member {header.Member} for {header.Tag} in {Name}, which nobody waits for");
        }

        // The peer has announced the same call, so these rows are not a disagreement but a breach.
        ref var block = ref collective.Inbound[place];
        if (header.Signature != collective.Signature || !block.Fits(header))
        {
            throw new ProtocolException($"{header.Rows} rows of {header.RowLength} {header.DType} for {header.Tag} in {Name}, where {block.Rows.Rows} of "
                + $"{block.Rows.RowLength} {block.Rows.DType} were agreed");
        }

        block.IsTaken = true;
        return place;
    }

    private static void Place(Collective collective, in InboundBlock block, ReadOnlySpan<byte> bytes)
    {
        RowMoves.Copy(bytes, block.Rows);
        CopyToTwins(collective, block);
    }

    private static void CopyToTwins(Collective collective, in InboundBlock block)
    {
        if (block.CopyTo >= 0)
        {
            foreach (ref readonly var twin in collective.Calls.AsSpan(1))
            {
                RowMoves.Copy(block.Rows, twin.Receive.Slice(block.CopyTo, block.Rows.Rows));
            }
        }
    }

    // A block is in its place: counts it, and passes it on where it goes round a ring.
    private void Finish(Collective collective, int place)
    {
        collective.BlocksToCome--;
        ref readonly var block = ref collective.Inbound[place];
        if (block.Phase == BlockPhase.Exchange)
        {
            foreach (ref var part in collective.Parts)
            {
                if (Math.Max(part.Owner, 0) == block.Part)
                {
                    part.Missing--;
                }
            }
        }

        if (collective.Fault is null && collective.Shape.Operation == GroupOperation.AllGather && UsesRing(collective.Shape)
            && SlotOf(block.Member) != 0)
        {
            Send(collective, 0, BlockPhase.Exchange, block.Member, 0, block.Rows);
        }
    }
}
