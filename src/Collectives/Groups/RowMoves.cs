using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
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

    /// <summary>The rows of a part, summed over the members in rank order: ((m0 + m1) + m2) + …, whoever came last.</summary>
    public static void Sum(SocketGroup group, Collective collective, SumPart part)
    {
        Span<float> sum = stackalloc float[SumBlock];
        for (var row = 0; row < part.Rows; row++)
        {
            for (var column = 0; column < collective.Shape.RowLength; column += SumBlock)
            {
                var block = sum[..Math.Min(SumBlock, collective.Shape.RowLength - column)];
                group.Addend(collective, part, 0, row).Slice(column, block.Length).CopyTo(block);
                for (var member = 1; member < group.Size; member++)
                {
                    TensorPrimitives.Add(block, group.Addend(collective, part, member, row).Slice(column, block.Length), block);
                }

                group.Store(collective, part, row, column, block);
            }
        }
    }

    private static void Copy(Span<byte> from, Span<byte> to)
    {
        if (!Unsafe.AreSame(ref MemoryMarshal.GetReference(from), ref MemoryMarshal.GetReference(to)))
        {
            from.CopyTo(to);
        }
    }
}
