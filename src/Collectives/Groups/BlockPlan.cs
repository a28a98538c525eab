using AkkaCp.Collectives.Wire;
using AkkaCp.Npu;

namespace AkkaCp.Collectives.Groups;

/// <summary>
/// Lays down which blocks a call sends and which it waits for, from the call alone, so that nothing is sent or taken beyond it.
/// Gathers and broadcasts go from their owner to every process once; in large groups large gathers go round a ring. Small all-reduces go
/// to every process, which sums for itself; for large ones each member sums its share of the rows and passes it on.
/// </summary>
internal static class BlockPlan
{
    /// <summary>Fills the collective's lists and starts its sends. Called under the gate when all members of this process have come.</summary>
    public static void Build(SocketGroup group, Collective collective)
    {
        switch (collective.Shape.Operation)
        {
            case GroupOperation.AllGather:
                Gather(group, collective);
                break;
            case GroupOperation.Broadcast:
                Broadcast(group, collective);
                break;
            case GroupOperation.AllReduce when IsSummedEverywhere(group, collective):
                ReduceEverywhere(group, collective);
                break;
            case GroupOperation.AllReduce or GroupOperation.ReduceScatter:
                ReduceByOwner(group, collective);
                break;
        }
    }

    /// <summary>First row and rows that a member sums.</summary>
    public static (int First, int Rows) PartOf(in CallShape shape, int groupSize, int owner)
    {
        if (shape.Operation == GroupOperation.ReduceScatter)
        {
            return (shape.RowsBefore(owner), shape.RowsPerRank.Span[owner]);
        }

        var first = (int)((long)shape.Rows * owner / groupSize);
        return (first, (int)((long)shape.Rows * (owner + 1) / groupSize) - first);
    }

    // One hop instead of two pays while a whole tensor is no more than an eager frame.
    private static bool IsSummedEverywhere(SocketGroup group, Collective collective) =>
        group.Peers.Length == 0 || collective.First.Send.Count * sizeof(float) <= group.EagerBytes;

    private static void Gather(SocketGroup group, Collective collective)
    {
        var isRing = group.UsesRing(collective.Shape);
        var first = 0;
        for (var member = 0; member < group.Size; member++)
        {
            var rows = collective.Shape.RowsPerRank.Span[member];
            if (rows > 0 && collective.Shape.RowLength > 0)
            {
                if (group.SlotOf(member) is var slot && slot >= 0)
                {
                    collective.Expect(new InboundBlock
                    {
                        Slot = isRing ? group.Predecessor : slot,
                        Member = member,
                        Rows = collective.First.Receive.Slice(first, rows),
                        CopyTo = group.HasTwins ? first : -1,
                    });
                }
                else
                {
                    var send = collective.Calls[group.PlaceOf(member)].Send;
                    SendToAll(group, collective, BlockPhase.Exchange, member, 0, send, isRing);
                }
            }

            first += rows;
        }
    }

    private static void Broadcast(SocketGroup group, Collective collective)
    {
        var root = collective.Shape.Root;
        var rows = collective.First.Send;
        if (rows.Count == 0)
        {
            return;
        }

        var isOneWay = rows.Count * rows.DType.Bytes() <= group.EagerBytes;
        int peersAwaited;
        if (group.SlotOf(root) is var slot && slot >= 0)
        {
            collective.Expect(new InboundBlock
            {
                Slot = slot,
                Member = root,
                Rows = collective.First.Receive,
                CopyTo = group.HasTwins ? 0 : -1,
            });
            peersAwaited = 1;
        }
        else
        {
            SendToAll(group, collective, BlockPhase.Exchange, root, 0, collective.Calls[group.PlaceOf(root)].Send, isRing: false);
            peersAwaited = collective.Held.Count;
        }

        if (isOneWay)
        {
            collective.BeOneWay(peersAwaited);
        }
    }

    private static void ReduceEverywhere(SocketGroup group, Collective collective)
    {
        var rows = collective.Shape.Rows;
        if (collective.First.Send.Count == 0)
        {
            return;
        }

        RentScratch(group, collective, rows);
        AddPart(group, collective, -1, 0, rows, 0);
        for (var place = 0; place < collective.Calls.Length; place++)
        {
            SendToAll(group, collective, BlockPhase.Exchange, group.MemberAt(place), 0, collective.Calls[place].Send, isRing: false);
        }
    }

    private static void ReduceByOwner(SocketGroup group, Collective collective)
    {
        if (collective.Shape.RowLength == 0)
        {
            return;
        }

        RentScratch(group, collective, RowsOwnedHere(group, collective));
        var scratchRow = 0;
        // Starting behind the own members spreads the first sends over the peers.
        for (var i = 1; i <= group.Size; i++)
        {
            var owner = (group.MemberAt(0) + i) % group.Size;
            var (first, rows) = PartOf(collective.Shape, group.Size, owner);
            if (rows == 0)
            {
                continue;
            }

            if (group.SlotOf(owner) < 0)
            {
                AddPart(group, collective, owner, first, rows, scratchRow);
                scratchRow += rows * group.RemoteMembers;
            }
            else
            {
                SendToOwner(group, collective, owner, first, rows);
            }
        }
    }

    private static void SendToOwner(SocketGroup group, Collective collective, int owner, int first, int rows)
    {
        var slot = group.SlotOf(owner);
        for (var place = 0; place < collective.Calls.Length; place++)
        {
            var share = collective.Calls[place].Send.Slice(first, rows);
            group.Send(collective, slot, BlockPhase.Exchange, group.MemberAt(place), owner, share);
        }

        if (collective.Shape.Operation == GroupOperation.AllReduce)
        {
            collective.Expect(new InboundBlock
            {
                Slot = slot,
                Phase = BlockPhase.Sum,
                Member = owner,
                Part = owner,
                Rows = collective.First.Receive.Slice(first, rows),
                CopyTo = group.HasTwins ? first : -1,
            });
        }
    }

    private static void AddPart(SocketGroup group, Collective collective, int owner, int first, int rows, int scratchRow)
    {
        for (var member = 0; member < group.Size; member++)
        {
            if (group.SlotOf(member) is var slot && slot >= 0)
            {
                collective.Expect(new InboundBlock
                {
                    Slot = slot,
                    Member = member,
                    Part = Math.Max(owner, 0),
                    Rows = collective.Scratch.View.Slice(scratchRow + (group.RemoteIndexOf(member) * rows), rows),
                    CopyTo = -1,
                });
            }
        }

        collective.AddPart(new SumPart
        {
            Owner = owner,
            FirstRow = first,
            Rows = rows,
            ScratchRow = scratchRow,
            Missing = group.RemoteMembers,
        });
    }

    private static int RowsOwnedHere(SocketGroup group, Collective collective)
    {
        var rows = 0;
        for (var place = 0; place < collective.Calls.Length; place++)
        {
            rows += PartOf(collective.Shape, group.Size, group.MemberAt(place)).Rows;
        }

        return rows;
    }

    private static void RentScratch(SocketGroup group, Collective collective, int rows)
    {
        if (rows > 0 && group.RemoteMembers > 0)
        {
            collective.Scratch = group.Memory.Rent(DType.F32, checked(rows * group.RemoteMembers), collective.Shape.RowLength);
        }
    }

    private static void SendToAll(
        SocketGroup group, Collective collective, BlockPhase phase, int member, int part, TensorView rows, bool isRing)
    {
        var peers = isRing ? 1 : group.Peers.Length;
        for (var slot = 0; slot < peers; slot++)
        {
            group.Send(collective, slot, phase, member, part, rows);
        }
    }
}
