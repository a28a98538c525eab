using System.Numerics;
using System.Runtime.CompilerServices;
using AkkaCp.Npu.Cpu.Simd;

namespace AkkaCp.Npu.Cpu.Attention;

/// <summary>
/// Asks for the rows of the next block, piece by piece of 32 elements in the order of their addresses: that is what the processor's
/// own prefetcher follows, and without it a core waits on too few lines at once to read at the speed of memory.
/// </summary>
internal unsafe struct FiaAhead
{
    private readonly byte** _rows;
    private readonly int _piecesPerRow;
    private readonly int _pieceBytes;
    private readonly int _shift;
    private readonly nint _gap;
    private int _next;

    private FiaAhead(byte** rows, int piecesPerRow, int pieceBytes, nint rowBytes)
    {
        (_piecesPerRow, _pieceBytes) = (piecesPerRow, pieceBytes);
        _rows = rows;
        _shift = BitOperations.Log2((uint)piecesPerRow);
        _gap = BitOperations.IsPow2(piecesPerRow) ? rowBytes - ((nint)piecesPerRow * pieceBytes) : 0;
    }

    /// <summary>Rows of a block: all heads of the task, or only its first when the heads lie apart.</summary>
    public static FiaAhead Over<TElement>(byte** rows, in FiaStrides strides, int kvHeads, int headDim)
        where TElement : struct, IKvElement
    {
        var width = strides.Head == headDim ? kvHeads * headDim : headDim;
        return new FiaAhead(
            rows, Math.Max(1, width / Fia.PanelColumns), Fia.PanelColumns * TElement.Bytes, (nint)strides.Token * TElement.Bytes);
    }

    /// <summary>The next <paramref name="count"/> pieces; behind the block's last ones it begins again.</summary>
    public Pieces Take(int count)
    {
        var (row, piece) = Math.DivRem(_next, _piecesPerRow);
        _next = (_next + count) % (_piecesPerRow * Fia.Block);
        return new Pieces(_rows[row] + ((nint)piece * _pieceBytes), _pieceBytes, _shift, _gap);
    }

    /// <summary>Pieces of rows that lie equally far apart: right up to the end of a page, and only a hint behind it.</summary>
    internal readonly struct Pieces(byte* first, nint pieceBytes, int shift, nint gap)
    {
        /// <summary>Asks for piece k.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Ask(nint k)
        {
            var piece = first + (k * pieceBytes) + ((k >> shift) * gap);
            Prefetch.IntoL2(piece);
            Prefetch.IntoL2(piece + pieceBytes - 1);
        }
    }
}
