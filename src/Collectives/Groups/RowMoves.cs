using System.Numerics.Tensors;
using AkkaCp.Collectives.Wire;
using AkkaCp.Npu;

namespace AkkaCp.Collectives.Groups;

/// <summary>Copies and sums rows of a call within this process.</summary>
internal static class RowMoves
{
    // Floats summed at a time: the running sum stays in the first-level cache while each member's part passes once.
    private const int SumBlock = 1024;

    /// <summary>to = from, row by row; nothing happens when they are the same memory.</summary>
    public static void Copy(TensorView from, TensorView to)
    {
        // A span holds less than 2 GiB; more goes row by row.
        if (from.IsDense && to.IsDense && from.Count * from.DType.Bytes() <= int.MaxValue)
        {
            CopyDense(from, to);
            return;
        }

        for (var row = 0; row < from.Rows; row++)
            CopyDense(from.Slice(row, 1), to.Slice(row, 1));
    }

    /// <summary>Moves rows of a call that has started.</summary>
    public static void Run(GroupMap map, Collective call, in Move move)
    {
        switch (move.Kind)
        {
            case MoveKind.Local when call.Shape.Operation == GroupOperation.AllGather:
                Gather(map, call);
                break;
            case MoveKind.Block:
                Place(map, call, move);
                break;
            case MoveKind.Sum:
                Sum(map, call, call.Parts[move.Index]);
                break;
        }
    }

    /// <summary>All rows of a call whose members are all of this process.</summary>
    public static void RunAlone(GroupMap map, Collective call)
    {
        switch (call.Shape.Operation)
        {
            case GroupOperation.AllGather:
                Gather(map, call);
                break;
            case GroupOperation.AllReduce:
                Sum(map, call, new SumPart { Owner = -1, Rows = call.Shape.Rows });
                break;
            case GroupOperation.Transfer:
                var (from, to) = (map.PlaceOf(call.Shape.From), map.PlaceOf(call.Shape.To));
                Copy(call.Calls[from].Send, call.Calls[to].Receive);
                break;
        }
    }

    // Rows of the members of this process, to each of them.
    private static void Gather(GroupMap map, Collective call)
    {
        for (var place = 0; place < call.Calls.Length; place++)
        {
            var send = call.Calls[place].Send;
            var first = call.Shape.RowsBefore(map.MemberAt(place));
            foreach (ref readonly var to in call.Calls.AsSpan())
                Copy(send, to.Receive.Slice(first, send.Rows));
        }
    }

    // A block that waits in the arena, to its tensor; then to the other members of this process that get it.
    private static void Place(GroupMap map, Collective call, in Move move)
    {
        ref readonly var block = ref call.Inbound[move.Index];
        if (move.ArenaPlace >= 0)
        {
            using var early = map.Peers[move.Slot].Arena.Place(move.ArenaPlace).MapRead();
            Copy(early.Bytes, block.Rows);
        }

        if (block.CopyTo >= 0)
        {
            foreach (ref readonly var twin in call.Calls.AsSpan(1))
                Copy(block.Rows, twin.Receive.Slice(block.CopyTo, block.Rows.Rows));
        }
    }

    // The rows of a part, summed over the members in rank order: ((m0 + m1) + m2) + …, whoever came last.
    private static void Sum(GroupMap map, Collective call, SumPart part)
    {
        Span<float> sum = stackalloc float[SumBlock];
        for (var row = 0; row < part.Rows; row++)
        {
            for (var column = 0; column < call.Shape.RowLength; column += SumBlock)
            {
                var block = sum[..Math.Min(SumBlock, call.Shape.RowLength - column)];
                for (var member = 0; member < map.Size; member++)
                {
                    using var addend = Addend(map, call, part, member, row).Columns(column, block.Length).MapRead();
                    if (member == 0)
                        addend.F32.CopyTo(block);
                    else
                        TensorPrimitives.Add(block, addend.F32, block);
                }

                foreach (ref readonly var own in call.Calls.AsSpan())
                {
                    using var to = own.Receive.Slice(part.FirstRow + row, 1).Columns(column, block.Length).MapWrite();
                    block.CopyTo(to.F32);
                }
            }
        }
    }

    // One row of a part, as a member gave it.
    private static TensorView Addend(GroupMap map, Collective call, in SumPart part, int member, int row) =>
        map.IsLocal(member)
            ? call.Calls[map.PlaceOf(member)].Send.Slice(part.FirstRow + row, 1)
            : call.Scratch.View.Slice(part.ScratchRow + (map.PlaceOf(member) * part.Rows) + row, 1);

    // to = the bytes, row after row.
    private static void Copy(ReadOnlySpan<byte> from, TensorView to)
    {
        var rowBytes = to.RowLength * to.DType.Bytes();
        for (var row = 0; row < to.Rows; row++)
        {
            using var host = to.Slice(row, 1).MapWrite();
            from.Slice(row * rowBytes, rowBytes).CopyTo(host.Bytes);
        }
    }

    private static void CopyDense(TensorView from, TensorView to)
    {
        if (from.StartsWhere(to))
            return;

        using var read = from.MapRead();
        using var write = to.MapWrite();
        read.Bytes.CopyTo(write.Bytes);
    }
}
