using AkkaCp.Collectives.Setup;
using AkkaCp.Collectives.Wire;
using AkkaCp.Npu;

namespace AkkaCp.Collectives.Groups;

/// <summary>
/// Lays down which blocks a call sends and which it waits for, from the call alone, so that nothing is sent or taken beyond it.
/// Gathers go from their owner to every process once; in large groups large gathers go round a ring. Small all-reduces go to every process,
/// which sums for itself; for large ones each member sums its share of the rows and passes it on. Called under the gate.
/// </summary>
internal sealed class BlockSchedule(GroupMap map, Outbox outbox, DataPlaneOptions options, TensorPool memory)
{
    /// <summary>Fills a call's lists and starts its sends, when all members of this process that take part have come.</summary>
    public void Begin(Collective collective)
    {
        switch (collective.Shape.Operation)
        {
            case GroupOperation.AllGather:
                Gather(collective);
                break;
            case GroupOperation.Transfer:
                Transfer(collective);
                break;
            case GroupOperation.AllReduce when collective.First.Send.Count * sizeof(float) <= options.EagerBytes:
                // One hop instead of two pays while a whole tensor is no more than an eager frame.
                ReduceEverywhere(collective);
                break;
            case GroupOperation.AllReduce:
                ReduceByOwner(collective);
                break;
        }
    }

    /// <summary>Passes on a block that has come, where it goes round a ring.</summary>
    public void PassOn(Collective collective, in InboundBlock block)
    {
        if (collective.Shape.Operation == GroupOperation.AllGather && UsesRing(collective.Shape) && map.SlotOf(block.Member) != 0)
        {
            outbox.Send(collective, 0, BlockPhase.Exchange, block.Member, 0, block.Rows);
        }
    }

    /// <summary>Passes on the sum of a share, where its owner added it for the others.</summary>
    public void PassOn(Collective collective, in SumPart part)
    {
        if (part.Owner < 0)
        {
            return;
        }

        var sums = collective.First.Receive.Slice(part.FirstRow, part.Rows);
        for (var slot = 0; slot < map.Peers.Length; slot++)
        {
            outbox.Send(collective, slot, BlockPhase.Sum, part.Owner, part.Owner, sums);
        }
    }

    // First row and rows that a member sums.
    private (int First, int Rows) ShareOf(Collective collective, int owner)
    {
        long rows = collective.Shape.Rows;
        var first = (int)(rows * owner / map.Size);
        return (first, (int)(rows * (owner + 1) / map.Size) - first);
    }

    // Whether a gather goes round the ring: in a large group, when some block is not a small one.
    private bool UsesRing(in CallShape shape)
    {
        if (map.Peers.Length + 1 < options.RingProcesses)
        {
            return false;
        }

        long most = 0;
        foreach (var rows in shape.RowsPerRank.Span)
        {
            most = Math.Max(most, rows);
        }

        return most * shape.RowLength * shape.DType.Bytes() >= options.RingBytes;
    }

    private void Gather(Collective collective)
    {
        var isRing = UsesRing(collective.Shape);
        var first = 0;
        for (var member = 0; member < map.Size; member++)
        {
            var rows = collective.Shape.RowsPerRank.Span[member];
            if (rows > 0 && collective.Shape.RowLength > 0)
            {
                GatherFrom(collective, member, first, rows, isRing);
            }

            first += rows;
        }
    }

    private void GatherFrom(Collective collective, int member, int first, int rows, bool isRing)
    {
        if (map.IsLocal(member))
        {
            outbox.SendToAll(collective, member, collective.Calls[map.PlaceOf(member)].Send, isRing);
            return;
        }

        collective.Expect(new InboundBlock
        {
            Slot = isRing ? map.Predecessor : map.SlotOf(member),
            Member = member,
            Rows = collective.First.Receive.Slice(first, rows),
            CopyTo = map.LocalMembers > 1 ? first : -1,
        });
    }

    private void Transfer(Collective collective)
    {
        var (from, to) = (collective.Shape.From, collective.Shape.To);
        if (collective.Shape.Rows == 0 || collective.Shape.RowLength == 0)
        {
            return;
        }

        if (map.IsLocal(from))
        {
            outbox.Send(collective, map.SlotOf(to), BlockPhase.Exchange, from, 0, collective.Calls[map.PlaceOf(from)].Send);
            return;
        }

        collective.Expect(new InboundBlock
        {
            Slot = map.SlotOf(from),
            Member = from,
            Rows = collective.Calls[map.PlaceOf(to)].Receive,
            CopyTo = -1,
        });
    }

    private void ReduceEverywhere(Collective collective)
    {
        var rows = collective.Shape.Rows;
        if (collective.First.Send.Count == 0)
        {
            return;
        }

        RentScratch(collective, rows);
        ExpectPart(collective, -1, 0, rows, 0);
        for (var place = 0; place < collective.Calls.Length; place++)
        {
            outbox.SendToAll(collective, map.MemberAt(place), collective.Calls[place].Send, isRing: false);
        }
    }

    private void ReduceByOwner(Collective collective)
    {
        if (collective.Shape.RowLength == 0)
        {
            return;
        }

        RentScratch(collective, RowsSummedHere(collective));
        var scratchRow = 0;
        // Starting behind the own members spreads the first sends over the peers.
        for (var i = 1; i <= map.Size; i++)
        {
            var owner = (map.MemberAt(0) + i) % map.Size;
            var (first, rows) = ShareOf(collective, owner);
            if (rows == 0)
            {
                continue;
            }

            if (map.IsLocal(owner))
            {
                ExpectPart(collective, owner, first, rows, scratchRow);
                scratchRow += rows * map.RemoteMembers;
            }
            else
            {
                SendToOwner(collective, owner, first, rows);
            }
        }
    }

    private void SendToOwner(Collective collective, int owner, int first, int rows)
    {
        var slot = map.SlotOf(owner);
        for (var place = 0; place < collective.Calls.Length; place++)
        {
            var share = collective.Calls[place].Send.Slice(first, rows);
            outbox.Send(collective, slot, BlockPhase.Exchange, map.MemberAt(place), owner, share);
        }

        collective.Expect(new InboundBlock
        {
            Slot = slot,
            Phase = BlockPhase.Sum,
            Member = owner,
            Part = owner,
            Rows = collective.First.Receive.Slice(first, rows),
            CopyTo = map.LocalMembers > 1 ? first : -1,
        });
    }

    // Rows that this process sums, for a member of its own or, with owner -1, for all of them.
    private void ExpectPart(Collective collective, int owner, int first, int rows, int scratchRow)
    {
        for (var member = 0; member < map.Size; member++)
        {
            if (!map.IsLocal(member))
            {
                collective.Expect(new InboundBlock
                {
                    Slot = map.SlotOf(member),
                    Member = member,
                    Part = Math.Max(owner, 0),
                    Rows = collective.Scratch.View.Slice(scratchRow + (map.PlaceOf(member) * rows), rows),
                    CopyTo = -1,
                });
            }
        }

        collective.Expect(new SumPart
        {
            Owner = owner,
            FirstRow = first,
            Rows = rows,
            ScratchRow = scratchRow,
            Missing = map.RemoteMembers,
        });
    }

    private int RowsSummedHere(Collective collective)
    {
        var rows = 0;
        for (var place = 0; place < collective.Calls.Length; place++)
        {
            rows += ShareOf(collective, map.MemberAt(place)).Rows;
        }

        return rows;
    }

    private void RentScratch(Collective collective, int rows)
    {
        if (rows > 0 && map.RemoteMembers > 0)
        {
            collective.Scratch = memory.Rent(DType.F32, checked(rows * map.RemoteMembers), collective.Shape.RowLength);
        }
    }
}
