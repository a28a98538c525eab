using System.Buffers;
using System.Numerics;
using System.Runtime.InteropServices;
using AkkaCp.Model.Weights.Sources;

namespace AkkaCp.Model.Quantized;

/// <summary>Which numbers of a tensor of 32-bit words lie in one word, the lowest bits first.</summary>
internal enum Packing
{
    /// <summary>Neighbours of a stored row.</summary>
    Columns,

    /// <summary>Neighbours of a stored column.</summary>
    Rows,

    /// <summary>Eight neighbours of a stored row in the order 0 2 4 6 1 3 5 7, as AWQ's kernels split them.</summary>
    ColumnsOfAwq,
}

/// <summary>A tensor of 32-bit words that hold 8 numbers of 4 bits or 4 of 8 bits each.</summary>
/// <param name="tensor">Its name.</param>
/// <param name="bits">4 or 8.</param>
/// <param name="packing">Which numbers a word holds.</param>
/// <param name="isTransposed">Whether it is stored as [inputs or groups, outputs].</param>
/// <param name="bias">Added to each number.</param>
internal sealed class StoredWords(string tensor, int bits, Packing packing, bool isTransposed, int bias) : StoredCodes
{
    // Words whose numbers fill whole cache lines of the destination together.
    private const int Tile = 16;

    private static readonly int[] s_awq = [0, 2, 4, 6, 1, 3, 5, 7];
    private static readonly int[] s_inOrder = [0, 1, 2, 3, 4, 5, 6, 7];

    private readonly int _perWord = 32 / bits;
    private readonly int[] _order = packing == Packing.ColumnsOfAwq ? s_awq : s_inOrder;

    private int RowsOfWord => packing == Packing.Rows ? _perWord : 1;

    private int ColumnsOfWord => packing == Packing.Rows ? 1 : _perWord;

    public override int Offset => -bias;

    public override void Read(IWeightSource files, Rectangle part, Span<float> destination) => Read(files, part, bias, destination);

    public override void ReadCodes(IWeightSource files, Rectangle part, Span<byte> destination) => Read(files, part, 0, destination);

    private void Read<T>(IWeightSource files, Rectangle part, int added, Span<T> destination) where T : struct, INumberBase<T>
    {
        var stored = isTransposed ? new Rectangle(part.FirstColumn, part.Columns, part.FirstRow, part.Rows) : part;
        var words = WordsOf(stored);
        var rented = ArrayPool<uint>.Shared.Rent(words.Count);
        var span = rented.AsSpan(0, words.Count);
        files.ReadStored(tensor, words.FirstRow, words.Rows, words.FirstColumn, words.Columns, MemoryMarshal.AsBytes(span));
        Unpack(span, words, stored, added, destination);
        ArrayPool<uint>.Shared.Return(rented);
    }

    private Rectangle WordsOf(Rectangle part)
    {
        var (firstRow, firstColumn) = (part.FirstRow / RowsOfWord, part.FirstColumn / ColumnsOfWord);
        return new Rectangle(
            firstRow, (int)(((part.FirstRow + part.Rows + RowsOfWord - 1) / RowsOfWord) - firstRow),
            firstColumn, (int)(((part.FirstColumn + part.Columns + ColumnsOfWord - 1) / ColumnsOfWord) - firstColumn));
    }

    /// <summary>In tiles of words whose numbers lie side by side in the destination, which is written once then.</summary>
    private void Unpack<T>(ReadOnlySpan<uint> words, Rectangle place, Rectangle part, int added, Span<T> destination)
        where T : struct, INumberBase<T>
    {
        var tileRows = isTransposed ? Tile / RowsOfWord : 1;
        var tileColumns = !isTransposed ? place.Columns : packing == Packing.Rows ? Tile : 1;
        for (var tileRow = 0; tileRow < place.Rows; tileRow += tileRows)
        {
            for (var tileColumn = 0; tileColumn < place.Columns; tileColumn += tileColumns)
            {
                for (var row = tileRow; row < Math.Min(tileRow + tileRows, place.Rows); row++)
                {
                    for (var column = tileColumn; column < Math.Min(tileColumn + tileColumns, place.Columns); column++)
                    {
                        Unpack(
                            words[(row * place.Columns) + column],
                            (int)(((place.FirstRow + row) * RowsOfWord) - part.FirstRow),
                            (int)(((place.FirstColumn + column) * ColumnsOfWord) - part.FirstColumn), part, added, destination);
                    }
                }
            }
        }
    }

    /// <summary>The numbers of one word, whose first one stands at a place of the part; some may lie outside of it.</summary>
    private void Unpack<T>(uint word, int firstRow, int firstColumn, Rectangle part, int added, Span<T> destination)
        where T : struct, INumberBase<T>
    {
        var mask = (1u << bits) - 1;
        for (var i = 0; i < _perWord; i++, word >>= bits)
        {
            var (row, column) = packing == Packing.Rows ? (firstRow + i, firstColumn) : (firstRow, firstColumn + _order[i]);
            if ((uint)row >= (uint)part.Rows || (uint)column >= (uint)part.Columns)
                continue;
            destination[isTransposed ? (column * part.Rows) + row : (row * part.Columns) + column] =
                T.CreateTruncating((int)(word & mask) + added);
        }
    }
}
