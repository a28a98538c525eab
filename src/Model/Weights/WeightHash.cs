using System.Collections.Immutable;
using System.Globalization;
using System.IO.Hashing;
using System.Text;

namespace AkkaCp.Model.Weights;

/// <summary>
/// The hash of a run of rows of a stored tensor, or of the columns of them that a rank reads: XxHash128 of the bytes as they are in the
/// file, of a matrix that several tensors make up that of its values in F32. It tells damaged copies and other models apart; it is no
/// proof against somebody who builds a collision.
/// </summary>
/// <param name="Piece">Tensor and place in it, such as <c>lm_head.weight, rows 0 to 1023</c>; the tensor alone when it is whole.</param>
/// <param name="Hash">The hash.</param>
public readonly record struct WeightHash(string Piece, UInt128 Hash)
{
    /// <summary>The hash in 32 hexadecimal digits.</summary>
    public string HashText => Hash.ToString("x32", CultureInfo.InvariantCulture);

    /// <summary>One hash over all; 0 for none.</summary>
    /// <param name="hashes">In ordinal order of their pieces.</param>
    public static UInt128 DigestOf(ImmutableArray<WeightHash> hashes)
    {
        if (hashes.IsEmpty)
            return UInt128.Zero;
        var digest = new XxHash128();
        foreach (var hash in hashes)
            digest.Append(Encoding.UTF8.GetBytes($"{hash.Piece} {hash.HashText}\n"));
        return digest.GetCurrentHashAsUInt128();
    }
}

/// <summary>
/// Hashes a slice's bytes, which come row by row as they are stored. The slice is cut where a row's number in the whole tensor is a
/// multiple of a number that follows from the tensor's shape alone, so that ranks and layouts whose slices meet in a run have its hash in
/// common. Columns are not cut: what ranks read of a tensor that is split across its inputs is comparable where it is split alike.
/// </summary>
internal sealed class SliceHasher
{
    // Runs of some megabytes: an expert's matrix is one, and a model of 30 billion weights has 20 000 of them.
    private const int RunElements = 2 * 1024 * 1024;
    private const int PanelRows = 64;

    private readonly TensorSlice _slice;
    private readonly int _runRows;
    private readonly long _rowBytes;
    private readonly XxHash128 _hash = new();
    private readonly ImmutableArray<WeightHash>.Builder _hashes = ImmutableArray.CreateBuilder<WeightHash>();
    private int _firstRow;
    private long _left;

    /// <param name="slice">What is read.</param>
    /// <param name="rowBytes">Bytes of one of its rows in the file.</param>
    public SliceHasher(TensorSlice slice, long rowBytes)
    {
        _slice = slice;
        _runRows = Math.Max(PanelRows, (int)(RunElements / slice.Shape[^1]) / PanelRows * PanelRows);
        _rowBytes = rowBytes;
        _firstRow = slice.FirstRow;
        _left = RowsOfRun * _rowBytes;
    }

    private int EndRow => _slice.FirstRow + _slice.RowCount;

    private int RowsOfRun => Math.Min(((_firstRow / _runRows) + 1) * _runRows, EndRow) - _firstRow;

    /// <summary>The next bytes.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var count = (int)Math.Min(bytes.Length, _left);
            _hash.Append(bytes[..count]);
            bytes = bytes[count..];
            _left -= count;
            if (_left == 0)
                EndRun();
        }
    }

    /// <summary>The hashes of all runs, in order.</summary>
    /// <exception cref="InvalidOperationException">The slice was not appended to its end.</exception>
    public ImmutableArray<WeightHash> Finish() => _firstRow == EndRow
        ? _hashes.ToImmutable()
        : throw new InvalidOperationException($"{_slice}: the hash ends at row {_firstRow} with {_left} bytes of its run missing.");

    private void EndRun()
    {
        _hashes.Add(new WeightHash(Name(RowsOfRun), _hash.GetCurrentHashAsUInt128()));
        _hash.Reset();
        _firstRow += RowsOfRun;
        _left = RowsOfRun * _rowBytes;
    }

    private string Name(int rows)
    {
        var (ofRows, ofColumns) = (_slice.Shape.Count == 1 ? 1 : _slice.Shape[0], _slice.Shape[^1]);
        var place = rows == ofRows ? "" : $", rows {_firstRow} to {_firstRow + rows - 1}";
        return _slice.ColumnCount == ofColumns
            ? _slice.Tensor + place
            : $"{_slice.Tensor}{place}, columns {_slice.FirstColumn} to {_slice.FirstColumn + _slice.ColumnCount - 1}";
    }
}
