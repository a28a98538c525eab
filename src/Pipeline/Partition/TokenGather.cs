namespace AkkaCp.Pipeline.Partition;

/// <summary>Where each rank's rows lie in a buffer that an all-gather over the context-parallel group fills, rank by rank.</summary>
public sealed class TokenGather
{
    private int[] _rowsPerRank = [];
    private int[] _starts = [];

    /// <param name="rowsPerRank">[C] rows that each rank contributes.</param>
    public TokenGather(ReadOnlySpan<int> rowsPerRank) => Lay(rowsPerRank);

    /// <summary>Forgets the rows before and takes these.</summary>
    internal void Lay(ReadOnlySpan<int> rowsPerRank)
    {
        _rowsPerRank = ExactArray.Reuse(_rowsPerRank, rowsPerRank.Length);
        _starts = ExactArray.Reuse(_starts, rowsPerRank.Length);
        rowsPerRank.CopyTo(_rowsPerRank);
        TotalRows = 0;
        for (var rank = 0; rank < _starts.Length; rank++)
        {
            _starts[rank] = TotalRows;
            TotalRows += _rowsPerRank[rank];
        }
    }

    /// <summary>[C] rows that each rank contributes.</summary>
    public IReadOnlyList<int> RowsPerRank => _rowsPerRank;

    /// <summary>The same as memory, for <see cref="Collectives.Calls.IRankGroup.AllGatherAsync"/>.</summary>
    public ReadOnlyMemory<int> RowsPerRankMemory => _rowsPerRank;

    /// <summary>Rows of the buffer.</summary>
    public int TotalRows { get; private set; }

    /// <summary>First row and row count of a rank's own chunk.</summary>
    public (int Start, int Rows) Range(int rank) => (_starts[rank], _rowsPerRank[rank]);
}
