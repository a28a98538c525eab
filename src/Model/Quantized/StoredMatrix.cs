using System.Buffers;
using AkkaCp.Model.Weights.Sources;

namespace AkkaCp.Model.Quantized;

/// <summary>A part of a quantised matrix as numbers: its codes, zero points or scales, seen as [outputs, inputs or their groups].</summary>
internal abstract class StoredMatrix
{
    /// <summary>Fills a rectangle row by row.</summary>
    public abstract void Read(IWeightSource files, Rectangle part, Span<float> destination);

    /// <summary>From stored rows of inputs to rows of outputs.</summary>
    protected static void Transpose(ReadOnlySpan<float> stored, Rectangle part, Span<float> destination)
    {
        for (var row = 0; row < part.Rows; row++)
        {
            for (var column = 0; column < part.Columns; column++)
                destination[(row * part.Columns) + column] = stored[(column * part.Rows) + row];
        }
    }
}

/// <summary>The codes of a quantised matrix.</summary>
internal abstract class StoredCodes : StoredMatrix
{
    /// <summary>What a code is above its number, where codes are without a sign.</summary>
    public abstract int Offset { get; }

    /// <summary>Fills a rectangle row by row with the codes as they are stored, a byte each.</summary>
    public abstract void ReadCodes(IWeightSource files, Rectangle part, Span<byte> destination);
}

/// <summary>Some rows and columns of a matrix.</summary>
internal readonly record struct Rectangle(long FirstRow, int Rows, long FirstColumn, int Columns)
{
    /// <summary>Elements.</summary>
    public int Count => checked(Rows * Columns);
}

/// <summary>A tensor of floats.</summary>
/// <param name="tensor">Its name.</param>
/// <param name="isTransposed">Whether it is stored as [groups, outputs].</param>
/// <param name="outputsOfRow">Outputs that a stored row is for.</param>
internal sealed class StoredFloats(string tensor, bool isTransposed = false, long outputsOfRow = 1) : StoredMatrix
{
    /// <summary>Whether every value of an F16 tensor is one, which needs no look at it.</summary>
    public bool AreHalves(IWeightSource files) => files.Find(tensor)!.Type.Name == "F16";

    public override void Read(IWeightSource files, Rectangle part, Span<float> destination)
    {
        if (isTransposed)
        {
            var stored = ArrayPool<float>.Shared.Rent(part.Count);
            files.ReadRows(tensor, part.FirstColumn, part.Columns, part.FirstRow, part.Rows, stored.AsSpan(0, part.Count));
            Transpose(stored, part, destination);
            ArrayPool<float>.Shared.Return(stored);
            return;
        }

        for (var row = 0; row < part.Rows;)
        {
            var storedRow = (part.FirstRow + row) / outputsOfRow;
            var endOfRow = ((storedRow + 1) * outputsOfRow) - part.FirstRow;
            var count = outputsOfRow == 1 ? part.Rows : (int)Math.Min(part.Rows, endOfRow) - row;
            var rows = destination.Slice(row * part.Columns, count * part.Columns);
            if (outputsOfRow == 1)
            {
                files.ReadRows(tensor, storedRow, count, part.FirstColumn, part.Columns, rows);
            }
            else
            {
                files.ReadRows(tensor, storedRow, 1, part.FirstColumn, part.Columns, rows[..part.Columns]);
                for (var other = 1; other < count; other++)
                    rows[..part.Columns].CopyTo(rows[(other * part.Columns)..]);
            }

            row += count;
        }
    }
}

/// <summary>A tensor of bytes, each of which stands for a number.</summary>
/// <param name="tensor">Its name.</param>
/// <param name="values">The 256 numbers.</param>
internal sealed class StoredBytes(string tensor, float[] values) : StoredCodes
{
    public override int Offset => 0;

    public override void ReadCodes(IWeightSource files, Rectangle part, Span<byte> destination) =>
        files.ReadStored(tensor, part.FirstRow, part.Rows, part.FirstColumn, part.Columns, destination);

    public override void Read(IWeightSource files, Rectangle part, Span<float> destination)
    {
        var rented = ArrayPool<byte>.Shared.Rent(part.Count);
        var bytes = rented.AsSpan(0, part.Count);
        ReadCodes(files, part, bytes);
        for (var i = 0; i < bytes.Length; i++)
            destination[i] = values[bytes[i]];
        ArrayPool<byte>.Shared.Return(rented);
    }
}
