using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using AkkaCp.Npu;

namespace AkkaCp.Collectives.Groups;

/// <summary>Moves and sums the rows of a collective when the calls of all members are at hand and agree.</summary>
internal static class CollectiveMoves
{
    // Floats summed at a time: the running sum stays in the first-level cache while each member's part passes once.
    private const int SumBlock = 1024;

    /// <param name="calls">One from each member, by member.</param>
    public static void Run(ReadOnlySpan<CollectiveCall> calls)
    {
        switch (calls[0].Operation)
        {
            case CollectiveOperation.AllGather:
                AllGather(calls);
                break;
            case CollectiveOperation.AllReduce:
                AllReduce(calls);
                break;
            case CollectiveOperation.ReduceScatter:
                ReduceScatter(calls);
                break;
            case CollectiveOperation.Broadcast:
                Broadcast(calls);
                break;
            default:
                break;
        }
    }

    private static void AllGather(ReadOnlySpan<CollectiveCall> calls)
    {
        var start = 0;
        foreach (var from in calls)
        {
            foreach (var to in calls)
            {
                CopyRows(from.Send, to.Receive, start);
            }

            start += from.Send.Rows;
        }
    }

    private static void AllReduce(ReadOnlySpan<CollectiveCall> calls)
    {
        Span<float> sum = stackalloc float[SumBlock];
        for (var row = 0; row < calls[0].Send.Rows; row++)
        {
            for (var column = 0; column < calls[0].Send.RowLength; column += SumBlock)
            {
                var block = SumColumns(calls, row, column, sum);
                foreach (var to in calls)
                {
                    block.CopyTo(to.Receive.RowF32(row)[column..]);
                }
            }
        }
    }

    private static void ReduceScatter(ReadOnlySpan<CollectiveCall> calls)
    {
        Span<float> sum = stackalloc float[SumBlock];
        var source = 0;
        foreach (var to in calls)
        {
            for (var row = 0; row < to.Receive.Rows; row++, source++)
            {
                for (var column = 0; column < to.Receive.RowLength; column += SumBlock)
                {
                    SumColumns(calls, source, column, sum).CopyTo(to.Receive.RowF32(row)[column..]);
                }
            }
        }
    }

    private static void Broadcast(ReadOnlySpan<CollectiveCall> calls)
    {
        var root = calls[calls[0].Root].Send;
        foreach (var to in calls)
        {
            CopyRows(root, to.Receive, 0);
        }
    }

    // Member after member, so that the sum's bits do not depend on who came last.
    private static Span<float> SumColumns(ReadOnlySpan<CollectiveCall> calls, int row, int column, Span<float> sum)
    {
        var block = sum[..Math.Min(sum.Length, calls[0].Send.RowLength - column)];
        calls[0].Send.RowF32(row).Slice(column, block.Length).CopyTo(block);
        foreach (var call in calls[1..])
        {
            TensorPrimitives.Add(block, call.Send.RowF32(row).Slice(column, block.Length), block);
        }

        return block;
    }

    private static void CopyRows(TensorView from, TensorView to, int firstRow)
    {
        var destination = to.Slice(firstRow, from.Rows);
        // A span holds less than 2 GiB; more goes row by row.
        if (from.IsDense && destination.IsDense && from.Count * from.DType.Bytes() <= int.MaxValue)
        {
            CopyRow(from.Bytes(), destination.Bytes());
            return;
        }

        for (var row = 0; row < from.Rows; row++)
        {
            CopyRow(from.Slice(row, 1).Bytes(), destination.Slice(row, 1).Bytes());
        }
    }

    private static void CopyRow(Span<byte> from, Span<byte> to)
    {
        if (!Unsafe.AreSame(ref MemoryMarshal.GetReference(from), ref MemoryMarshal.GetReference(to)))
        {
            from.CopyTo(to);
        }
    }
}
