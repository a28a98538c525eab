using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
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
            Copy(from.Bytes(), to.Bytes());
            return;
        }

        for (var row = 0; row < from.Rows; row++)
        {
            Copy(from.Slice(row, 1).Bytes(), to.Slice(row, 1).Bytes());
        }
    }

    /// <summary>to = the bytes, row after row.</summary>
    public static void Copy(ReadOnlySpan<byte> from, TensorView to)
    {
        var rowBytes = to.RowLength * to.DType.Bytes();
        for (var row = 0; row < to.Rows; row++)
        {
            from.Slice(row * rowBytes, rowBytes).CopyTo(to.Slice(row, 1).Bytes());
        }
    }

    /// <summary>All rows of a call whose members are all of this process.</summary>
    public static void Run(GroupMap map, Collective collective)
    {
        switch (collective.Shape.Operation)
        {
            case GroupOperation.AllGather:
                Gather(map, collective);
                break;
            case GroupOperation.AllReduce:
                Sum(map, collective, new SumPart { Owner = -1, Rows = collective.Shape.Rows });
                break;
            case GroupOperation.Transfer:
                var (from, to) = (map.PlaceOf(collective.Shape.From), map.PlaceOf(collective.Shape.To));
                Copy(collective.Calls[from].Send, collective.Calls[to].Receive);
                break;
        }
    }

    /// <summary>Rows of the members of this process, to each of them.</summary>
    public static void Gather(GroupMap map, Collective collective)
    {
        for (var place = 0; place < collective.Calls.Length; place++)
        {
            var send = collective.Calls[place].Send;
            var first = collective.Shape.RowsBefore(map.MemberAt(place));
            foreach (ref readonly var to in collective.Calls.AsSpan())
            {
                Copy(send, to.Receive.Slice(first, send.Rows));
            }
        }
    }

    /// <summary>A block that waited in the arena, to where it belongs.</summary>
    public static void Place(Collective collective, in InboundBlock block, ReadOnlySpan<byte> bytes)
    {
        Copy(bytes, block.Rows);
        CopyToTwins(collective, block);
    }

    /// <summary>A block that the first member of this process has, to its other members.</summary>
    public static void CopyToTwins(Collective collective, in InboundBlock block)
    {
        if (block.CopyTo >= 0)
        {
            foreach (ref readonly var twin in collective.Calls.AsSpan(1))
            {
                Copy(block.Rows, twin.Receive.Slice(block.CopyTo, block.Rows.Rows));
            }
        }
    }

    /// <summary>The rows of a part, summed over the members in rank order: ((m0 + m1) + m2) + …, whoever came last.</summary>
    public static void Sum(GroupMap map, Collective collective, SumPart part)
    {
        Span<float> sum = stackalloc float[SumBlock];
        for (var row = 0; row < part.Rows; row++)
        {
            for (var column = 0; column < collective.Shape.RowLength; column += SumBlock)
            {
                var block = sum[..Math.Min(SumBlock, collective.Shape.RowLength - column)];
                Addend(map, collective, part, 0, row).Slice(column, block.Length).CopyTo(block);
                for (var member = 1; member < map.Size; member++)
                {
                    TensorPrimitives.Add(block, Addend(map, collective, part, member, row).Slice(column, block.Length), block);
                }

                foreach (ref readonly var call in collective.Calls.AsSpan())
                {
                    block.CopyTo(call.Receive.RowF32(part.FirstRow + row)[column..]);
                }
            }
        }
    }

    // One row of a part, as a member gave it.
    private static ReadOnlySpan<float> Addend(GroupMap map, Collective collective, in SumPart part, int member, int row) =>
        map.IsLocal(member)
            ? collective.Calls[map.PlaceOf(member)].Send.RowF32(part.FirstRow + row)
            : collective.Scratch.View.RowF32(part.ScratchRow + (map.PlaceOf(member) * part.Rows) + row);

    private static void Copy(Span<byte> from, Span<byte> to)
    {
        if (!Unsafe.AreSame(ref MemoryMarshal.GetReference(from), ref MemoryMarshal.GetReference(to)))
        {
            from.CopyTo(to);
        }
    }
}
