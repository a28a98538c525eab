using AkkaCp.Collectives.Links;
using AkkaCp.Collectives.Setup;
using AkkaCp.Collectives.Wire;

namespace AkkaCp.Collectives.Groups;

/// <summary>
/// Blocks of a group's other processes: finds a place for each payload, whatever calls the members of this process have made. Called under
/// the gate.
/// </summary>
internal sealed class Inbox(GroupMap map, CallTable calls, Outbox outbox, DataPlaneOptions options)
{
    /// <summary>Takes a post or a block of an open call, and says where its payload goes. Until <see cref="TryArrive"/> or
    /// <see cref="Interrupt"/> the call is kept.</summary>
    /// <exception cref="ProtocolException">The peer must not send this now.</exception>
    public Arrival Take(Peer peer, int slot, Collective call, in FrameHeader header)
    {
        if (header.Kind == FrameKind.Post)
        {
            calls.CompleteIfDone(call);
            return default;
        }

        var arrival = call.IsStarted
            ? new Arrival(call, TakeBlock(call, slot, header))
            : new Arrival(call, ArenaPlace: TakeArenaPlace(peer, header));
        call.Moving++;
        return arrival;
    }

    /// <summary>Reads a payload to its place, outside the gate; one that nobody wants is read to find the frame behind it.</summary>
    public static void Read(Peer peer, in FrameHeader header, FrameReader reader, in Arrival arrival)
    {
        if (arrival.Call is not { } call)
        {
            reader.Skip(header.Length);
        }
        else if (arrival.Block >= 0)
        {
            reader.Read(call.Inbound[arrival.Block].Rows);
        }
        else
        {
            using var early = peer.Arena.Place(arrival.ArenaPlace).MapWrite();
            reader.Read(early.Bytes[..(int)header.Length]);
        }
    }

    /// <summary>A payload is in its place. Gives what its thread is to move now; false when that is nothing.</summary>
    /// <exception cref="ProtocolException">The call has begun meanwhile, and nobody waits for these rows.</exception>
    public bool TryArrive(Peer peer, int slot, in FrameHeader header, in Arrival arrival, out Move move)
    {
        move = new Move(MoveKind.Block, arrival.Block, slot, IsEager: header.Eager);
        if (arrival.Call is not { } call)
        {
            if (header.Eager)
                outbox.Consume(peer);

            return false;
        }

        if (arrival.Block >= 0)
            return true;

        Stage(peer, slot, header, arrival);
        return calls.TryTake(call, out move);
    }

    /// <summary>A payload did not come whole, and its link is about to be lost, which ends the call. The block must not look as if it were
    /// here.</summary>
    public void Interrupt(Peer peer, in Arrival arrival)
    {
        if (arrival.Call is not { } call)
            return;

        if (arrival.Block < 0)
            peer.Arena.Return(arrival.ArenaPlace);

        call.Moving--;
        calls.CompleteIfDone(call);
    }

    /// <summary>A block is where it belongs: its peer gets back what it took for coming early.</summary>
    public void Free(in Move move)
    {
        if (move.ArenaPlace >= 0)
            outbox.Release(map.Peers[move.Slot], move.ArenaPlace);
        else if (move.IsEager)
            outbox.Consume(map.Peers[move.Slot]);
    }

    /// <summary>A call begins, and what has come before is for blocks of it. Says what is wrong when nobody waits for one.</summary>
    public CollectiveFault? TakeStaged(Collective call)
    {
        foreach (var staged in call.Staged)
        {
            if (Breach(call, staged.Slot, staged.Header, out _) is { } breach)
                return CollectiveFault.Mismatch(staged.Header.Member, call.Shape.ToString(), breach);
        }

        return null;
    }

    // An early payload waits in the arena for its call, unless that has failed meanwhile.
    private void Stage(Peer peer, int slot, in FrameHeader header, in Arrival arrival)
    {
        var call = arrival.Call!;
        if (call.Fault is not null)
        {
            outbox.Release(peer, arrival.ArenaPlace);
            return;
        }

        if (call.IsStarted)
            TakeBlock(call, slot, header);

        call.Staged.Add(new StagedBlock(slot, arrival.ArenaPlace, header));
    }

    private int TakeArenaPlace(Peer peer, in FrameHeader header)
    {
        if (!header.Eager || header.Length > options.EagerBytes)
            throw new ProtocolException($"{header.Length} bytes for {header.Tag} in {map.Name}, which nobody is ready for");

        var place = peer.Arena.Take();
        return place >= 0 ? place : throw new ProtocolException($"more than {options.EagerFrames} frames before their calls");
    }

    private int TakeBlock(Collective call, int slot, in FrameHeader header) =>
        Breach(call, slot, header, out var index) is { } breach ? throw new ProtocolException(breach) : index;

    // Marks a block that is waited for as on its way in; says what is wrong when there is none like it. Its peer has announced the same
    // call, so other rows are not a disagreement but a breach.
    private string? Breach(Collective call, int slot, in FrameHeader header, out int index)
    {
        index = call.Find(slot, header);
        if (index < 0 || call.Inbound[index].IsTaken)
            return $"rows of member {header.Member} for {header.Tag} in {map.Name}, which nobody waits for";

        ref var block = ref call.Inbound[index];
        if (header.Signature != call.Signature || !block.Fits(header))
        {
            return $"{header.Rows} rows of {header.RowLength} {header.DType} for {header.Tag} in {map.Name}, where "
                + $"{block.Rows.Rows} of {block.Rows.RowLength} {block.Rows.DType} were agreed";
        }

        block.IsTaken = true;
        return null;
    }
}

/// <summary>Where a block's rows go.</summary>
/// <param name="Call">The call that they are for; null when nobody wants them.</param>
/// <param name="Block">Index of the block in whose tensor they belong; -1 when the call has not begun here yet.</param>
/// <param name="ArenaPlace">Where they then wait.</param>
internal readonly record struct Arrival(Collective? Call, int Block = -1, int ArenaPlace = -1);
