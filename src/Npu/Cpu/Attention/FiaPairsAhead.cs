using AkkaCp.Npu.Cpu.Assembled;

namespace AkkaCp.Npu.Cpu.Attention;

/// <summary>
/// Asks for the next block of keys and values while this one is computed. A head with one tile of rows, which waits for memory more than
/// it computes, lets the tile's code ask, a line or two in each step: 64 · D words of a block are as many lines as its two
/// products have steps. Else a share of the rows is asked for before each tile.
/// </summary>
internal readonly unsafe struct FiaPairsAhead
{
    // Rows from which on a tile's code asks for what it is told to; fewer ask for their own panels.
    private const int FewestRows = 7;

    private readonly FiaKeyRows _rows;
    private readonly nint _keyOffset;
    private readonly nint _valueOffset;
    private readonly int _rowBytes;

    /// <summary>Of key/value head <paramref name="head"/> of a task.</summary>
    public FiaPairsAhead(in FiaProblem problem, in FiaTask task, FiaKeyRows rows, int head)
    {
        _rows = rows;
        _rowBytes = problem.HeadDim * KvBF16.Bytes;
        _keyOffset = FiaKeyRows.KeyOffset(problem, head) * KvBF16.Bytes;
        _valueOffset = FiaKeyRows.ValueOffset(problem, head) * KvBF16.Bytes;
        var ofTile = task.Tokens * problem.Group;
        var width = task.KvHeads * problem.HeadDim;
        if (ofTile is >= FewestRows and <= TileAssembler.MaxRows && problem.KeyStrides.Token == width
            && problem.ValueStrides.Token == width)
        {
            // The tokens of all heads lie side by side: each head asks for an equal share of them.
            var (row, rest) = Math.DivRem(head * Fia.Block, task.KvHeads);
            var bytes = rest * _rowBytes;
            KeysInTile = rows.NextKeys[row] + bytes;
            ValuesInTile = rows.NextValues[row] + bytes;
        }
    }

    /// <summary>What the tile's scores ask for, in the order of addresses; null: nothing.</summary>
    public byte* KeysInTile { get; }

    /// <summary>What the tile's sums of values ask for.</summary>
    public byte* ValuesInTile { get; }

    /// <summary>Asks before tile <paramref name="tile"/> of <paramref name="tiles"/>, unless the tile's code does.</summary>
    public void AskBeside(int tile, int tiles)
    {
        if (KeysInTile is null)
            _rows.AskNext(tile, tiles, _keyOffset, _valueOffset, _rowBytes);
    }
}
