using AkkaCp.Collectives.Links;
using AkkaCp.Collectives.Setup;
using AkkaCp.Collectives.Wire;

namespace AkkaCp.Collectives.Groups;

/// <summary>
/// Announcements and blocks of a group's other processes: finds the call of each, and a place for its payload, whatever calls the members
/// of this process have made. Called under the gate.
/// </summary>
internal sealed class Arrivals(
    GroupMap map, CallTable table, CallCheck check, CallCompletion completion, Outbox outbox, BlockSchedule schedule,
    DataPlaneOptions options)
{
    // Calls that peers have announced and nobody here has made; pipelines are a few steps apart.
    private const int MaxOpen = 1024;

    /// <summary>The call of a frame, opened and announced where that is new; null when it has failed, or fails with this frame.</summary>
    /// <param name="slot">The peer's.</param>
    /// <param name="header">A post or a block.</param>
    /// <param name="mismatch">Why it fails on whatever group it is used; null when it does not.</param>
    /// <exception cref="ProtocolException">The peer must not send this now.</exception>
    public Collective? Hear(int slot, in FrameHeader header, out CollectiveFault? mismatch)
    {
        mismatch = null;
        if (table.FaultOf(header.Tag) is not null)
        {
            return null;
        }

        mismatch = check.Misplaced(header.Member, header.Tag) ?? check.Misused(header.Member, header.Tag);
        if (mismatch is not null)
        {
            return null;
        }

        if (table.Open >= MaxOpen && table.Find(header.Tag) is null)
        {
            throw new ProtocolException($"{header.Tag} in {map.Name}, where {table.Open} calls are open");
        }

        var collective = table.FindOrOpen(header.Tag);
        return collective.HasAnnounced(slot) || TryHear(collective, slot, header) ? collective : null;
    }

    /// <summary>Says where a frame's payload goes. Until it is there, or its link is lost, the collective is kept.</summary>
    /// <exception cref="ProtocolException">The peer must not send this now.</exception>
    public Arrival Take(Peer peer, int slot, Collective collective, in FrameHeader header)
    {
        if (header.Kind == FrameKind.Post)
        {
            completion.CompleteIfDone(collective);
            return new Arrival { Kind = ArrivalKind.Nothing };
        }

        if (!collective.IsStarted)
        {
            return TakeEarly(peer, collective, header);
        }

        var place = TakeBlock(collective, slot, header);
        collective.Moving++;
        return new Arrival
        {
            Kind = ArrivalKind.Wanted,
            Collective = collective,
            Place = place,
            Rows = collective.Inbound[place].Rows,
        };
    }

    /// <summary>The payload of a call that failed is read all the same, to find the frame behind it.</summary>
    public static Arrival Unwanted(in FrameHeader header) =>
        new() { Kind = header.Kind == FrameKind.Post ? ArrivalKind.Nothing : ArrivalKind.Unwanted };

    /// <summary>An early payload is in the arena.</summary>
    /// <returns>Place of the block that it belongs to, when the call was made while it came;
    /// -1 when it waits, or is wanted no more.</returns>
    public int Stage(Peer peer, int slot, in FrameHeader header, in Arrival arrival)
    {
        var collective = arrival.Collective!;
        if (collective.Fault is not null)
        {
            outbox.Release(peer, arrival.Place);
            return -1;
        }

        if (collective.IsStarted)
        {
            return TakeBlock(collective, slot, header);
        }

        collective.Staged.Add(new StagedBlock(slot, arrival.Place, header));
        return -1;
    }

    /// <summary>The early blocks of a call that has started are in their places.</summary>
    public void FinishStaged(Collective collective)
    {
        foreach (var staged in collective.Staged)
        {
            outbox.Release(map.Peers[staged.Slot], staged.Place);
            Finish(collective, collective.Find(staged.Slot, staged.Header));
        }

        // Whoever completes the call must find its places given back.
        collective.Staged.Clear();
    }

    /// <summary>A block is in its place: counts it, and passes it on where it goes round a ring.</summary>
    public void Finish(Collective collective, int place)
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

        if (collective.Fault is null)
        {
            schedule.PassOn(collective, block);
        }
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

        if (check.Disagreement(collective, slot) is { } mismatch)
        {
            completion.Kill(collective.Tag, mismatch, tellPeers: true);
            return false;
        }

        outbox.Announce(collective, slot);
        outbox.SendHeld(collective, slot);
        return true;
    }

    private Arrival TakeEarly(Peer peer, Collective collective, in FrameHeader header)
    {
        if (!header.Eager || header.Length > options.EagerBytes)
        {
            throw new ProtocolException($"{header.Length} bytes for {header.Tag} in {map.Name}, which nobody is ready for");
        }

        var place = peer.Arena.Take();
        if (place < 0)
        {
            throw new ProtocolException($"more than {options.EagerFrames} frames before their calls");
        }

        collective.Moving++;
        return new Arrival { Kind = ArrivalKind.Early, Collective = collective, Place = place };
    }

    // Marks a block that is waited for as on its way in.
    private int TakeBlock(Collective collective, int slot, in FrameHeader header)
    {
        var place = collective.Find(slot, header);
        if (place < 0 || collective.Inbound[place].IsTaken)
        {
            throw new ProtocolException($"rows of member {header.Member} for {header.Tag} in {map.Name}, which nobody waits for");
        }

        // The peer has announced the same call, so these rows are not a disagreement but a breach.
        ref var block = ref collective.Inbound[place];
        if (header.Signature != collective.Signature || !block.Fits(header))
        {
            throw new ProtocolException($"{header.Rows} rows of {header.RowLength} {header.DType} for {header.Tag} in {map.Name}, where "
                + $"{block.Rows.Rows} of {block.Rows.RowLength} {block.Rows.DType} were agreed");
        }

        block.IsTaken = true;
        return place;
    }
}
