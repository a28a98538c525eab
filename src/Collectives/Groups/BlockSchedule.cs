using AkkaCp.Collectives.Setup;
using AkkaCp.Collectives.Wire;
using AkkaCp.Npu;

namespace AkkaCp.Collectives.Groups;

/// <summary>
/// Which blocks a call sends and which it waits for, laid down from the call alone, so that nothing is sent or taken beyond it.
/// Gathers go from their owner to every process once; in large groups large gathers go round a ring. Small all-reduces go to every process,
/// which sums for itself; for large ones each member sums its share of the rows and passes it on. Called under the gate.
/// </summary>
internal sealed class BlockSchedule(GroupMap map, DataPlaneOptions options, TensorPool memory)
{
    /// <summary>Fills a call's lists, when all members of this process that take part have come.</summary>
    public void Begin(Collective call)
    {
        switch (call.Shape.Operation)
        {
            case GroupOperation.AllGather:
                Gather(call);
                break;
            case GroupOperation.Transfer:
                Transfer(call);
                break;
            case GroupOperation.AllReduce when call.First.Send.Count * sizeof(float) <= options.EagerBytes:
                // One hop instead of two pays while a whole tensor is no more than an eager frame.
                ReduceEverywhere(call);
                break;
            case GroupOperation.AllReduce:
                ReduceByOwner(call);
                break;
        }
    }

    /// <summary>Passes on what has been moved: a block that goes round a ring, or the sum that its owner has added for the
    /// others.</summary>
    public void PassOn(Collective call, in Move move)
    {
        switch (move.Kind)
        {
            case MoveKind.Block when call.Inbound[move.Index] is { GoesOn: true } block:
                SendToPeers(call, 1, BlockPhase.Exchange, block.Member, 0, block.Rows);
                break;
            case MoveKind.Sum when call.Parts[move.Index] is { Owner: >= 0 } part:
                var sums = call.First.Receive.Slice(part.FirstRow, part.Rows);
                SendToPeers(call, map.Peers.Length, BlockPhase.Sum, part.Owner, part.Owner, sums);
                break;
        }
    }

    // First row and rows that a member sums.
    private (int First, int Rows) ShareOf(Collective call, int owner)
    {
        long rows = call.Shape.Rows;
        var first = (int)(rows * owner / map.Size);
        return (first, (int)(rows * (owner + 1) / map.Size) - first);
    }

    // Whether a gather goes round the ring: in a large group, when some block is not a small one.
    private bool UsesRing(in CallShape shape)
    {
        if (map.Peers.Length + 1 < options.RingProcesses)
            return false;

        long most = 0;
        foreach (var rows in shape.RowsPerRank.Span)
            most = Math.Max(most, rows);

        return most * shape.RowLength * shape.DType.Bytes() >= options.RingBytes;
    }

    private void Gather(Collective call)
    {
        var isRing = UsesRing(call.Shape);
        var first = 0;
        for (var member = 0; member < map.Size; member++)
        {
            var rows = call.Shape.RowsPerRank.Span[member];
            if (rows > 0 && call.Shape.RowLength > 0)
                GatherFrom(call, member, first, rows, isRing);

            first += rows;
        }
    }

    private void GatherFrom(Collective call, int member, int first, int rows, bool isRing)
    {
        if (map.IsLocal(member))
        {
            SendToPeers(call, isRing ? 1 : map.Peers.Length, BlockPhase.Exchange, member, 0, call.Calls[map.PlaceOf(member)].Send);
            return;
        }

        call.Expect(new InboundBlock
        {
            Slot = isRing ? map.Predecessor : map.SlotOf(member),
            Member = member,
            GoesOn = isRing && map.SlotOf(member) != 0,
            Rows = call.First.Receive.Slice(first, rows),
            CopyTo = map.LocalMembers > 1 ? first : -1,
        });
    }

    private void Transfer(Collective call)
    {
        var (from, to) = (call.Shape.From, call.Shape.To);
        if (call.Shape.Rows == 0 || call.Shape.RowLength == 0)
            return;

        if (map.IsLocal(from))
        {
            call.Add(new OutboundBlock(map.SlotOf(to), BlockPhase.Exchange, from, 0, call.Calls[map.PlaceOf(from)].Send));
            return;
        }

        call.Expect(new InboundBlock
        {
            Slot = map.SlotOf(from),
            Member = from,
            Rows = call.Calls[map.PlaceOf(to)].Receive,
            CopyTo = -1,
        });
    }

    private void ReduceEverywhere(Collective call)
    {
        var rows = call.Shape.Rows;
        if (call.First.Send.Count == 0)
            return;

        RentScratch(call, rows);
        ExpectPart(call, -1, 0, rows, 0);
        for (var place = 0; place < call.Calls.Length; place++)
            SendToPeers(call, map.Peers.Length, BlockPhase.Exchange, map.MemberAt(place), 0, call.Calls[place].Send);
    }

    private void ReduceByOwner(Collective call)
    {
        if (call.Shape.RowLength == 0)
            return;

        RentScratch(call, RowsSummedHere(call));
        var scratchRow = 0;
        // Starting behind the own members spreads the first sends over the peers.
        for (var i = 1; i <= map.Size; i++)
        {
            var owner = (map.MemberAt(0) + i) % map.Size;
            var (first, rows) = ShareOf(call, owner);
            if (rows == 0)
                continue;

            if (map.IsLocal(owner))
            {
                ExpectPart(call, owner, first, rows, scratchRow);
                scratchRow += rows * map.RemoteMembers;
            }
            else
            {
                SendToOwner(call, owner, first, rows);
            }
        }
    }

    private void SendToOwner(Collective call, int owner, int first, int rows)
    {
        var slot = map.SlotOf(owner);
        for (var place = 0; place < call.Calls.Length; place++)
        {
            var share = call.Calls[place].Send.Slice(first, rows);
            call.Add(new OutboundBlock(slot, BlockPhase.Exchange, map.MemberAt(place), owner, share));
        }

        call.Expect(new InboundBlock
        {
            Slot = slot,
            Phase = BlockPhase.Sum,
            Member = owner,
            Part = owner,
            Rows = call.First.Receive.Slice(first, rows),
            CopyTo = map.LocalMembers > 1 ? first : -1,
        });
    }

    // Rows that this process sums, for a member of its own or, with owner -1, for all of them.
    private void ExpectPart(Collective call, int owner, int first, int rows, int scratchRow)
    {
        for (var member = 0; member < map.Size; member++)
        {
            if (!map.IsLocal(member))
            {
                call.Expect(new InboundBlock
                {
                    Slot = map.SlotOf(member),
                    Member = member,
                    Part = Math.Max(owner, 0),
                    Rows = call.Scratch.View.Slice(scratchRow + (map.PlaceOf(member) * rows), rows),
                    CopyTo = -1,
                });
            }
        }

        call.Expect(new SumPart
        {
            Owner = owner,
            FirstRow = first,
            Rows = rows,
            ScratchRow = scratchRow,
            Missing = map.RemoteMembers,
        });
    }

    // Rows to the first peers, in ring order.
    private static void SendToPeers(Collective call, int peers, BlockPhase phase, int member, int part, TensorView rows)
    {
        for (var slot = 0; slot < peers; slot++)
            call.Add(new OutboundBlock(slot, phase, member, part, rows));
    }

    private int RowsSummedHere(Collective call)
    {
        var rows = 0;
        for (var place = 0; place < call.Calls.Length; place++)
            rows += ShareOf(call, map.MemberAt(place)).Rows;

        return rows;
    }

    private void RentScratch(Collective call, int rows)
    {
        if (rows > 0 && map.RemoteMembers > 0)
            call.Scratch = memory.Rent(DType.F32, checked(rows * map.RemoteMembers), call.Shape.RowLength);
    }
}
