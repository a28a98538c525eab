namespace AkkaCp.Npu.Cpu.Attention;

/// <summary>
/// A tile of query rows against keys [FirstKey, EndKey): tokens [FirstToken, FirstToken + Tokens) of a request, all heads of KvHeads
/// key/value heads. Share is the number of the sums that a tile divided over its keys leaves; -1 when it is whole.
/// </summary>
internal readonly record struct FiaTask(
    int Request, int FirstKvHead, int KvHeads, int FirstToken, int Tokens, int FirstKey, int EndKey, int Share);

/// <summary>
/// Cuts an attention call into tiles, those of a request that see the most keys first. The device keeps it, so that a call of a
/// size seen before allocates nothing. Results do not depend on how a call is cut.
/// </summary>
internal sealed class FiaTiling
{
    /// <summary>
    /// Most rows of a tile: their queries and sums (2 × 256 × 128 × 4 B = 256 KiB) and scores (64 KiB) lie in an L2 of 1 MiB,
    /// and a block of keys is packed once for all of them.
    /// </summary>
    public const int MaxRows = 256;

    private const int TasksPerWorker = 4;

    // A head with fewer rows than this waits for memory more than it computes: one tile takes the heads that lie side by side there.
    private const int FewestRows = 32;
    private const long MaxShareFloats = 16 << 20;

    private FiaTask[] _tasks = new FiaTask[64];
    private FiaTask[] _divided = new FiaTask[8];
    private int _tokens;
    private int _heads;
    private bool _divide;

    /// <summary>Number of tiles.</summary>
    public int Count { get; private set; }

    /// <summary>Number of tiles whose keys are divided; their shares are to be joined after all tiles are done.</summary>
    public int DividedCount { get; private set; }

    /// <summary>Number of shares that divided tiles leave.</summary>
    public int Shares { get; private set; }

    /// <summary>Rows of a share, at most.</summary>
    public int ShareRows { get; private set; }

    /// <summary>Tile <paramref name="item"/>.</summary>
    public ref readonly FiaTask this[int item] => ref _tasks[item];

    /// <summary>Plans the call.</summary>
    public void Build(in FiaProblem problem, int threads)
    {
        ChooseTiles(problem, threads);
        (Count, DividedCount, Shares) = (0, 0, 0);
        for (var b = 0; b < problem.Batch; b++)
            AddRequest(problem, b);
    }

    /// <summary>Divided tile <paramref name="item"/> and the number of its shares, which begin at its Share.</summary>
    public ref readonly FiaTask Divided(int item, out int shares)
    {
        ref readonly var tile = ref _divided[item];
        shares = (item + 1 < DividedCount ? _divided[item + 1].Share : Shares) - tile.Share;
        return ref tile;
    }

    // Workers first share the rows, then the heads, and at last the keys of few rows.
    private void ChooseTiles(in FiaProblem problem, int threads)
    {
        var wanted = threads == 1 ? 1 : threads * TasksPerWorker;
        _tokens = Math.Max(1, MaxRows / problem.Group);
        (_heads, _divide) = (1, false);
        while (_tokens * problem.Group > FewestRows && CountTiles(problem, out _, out _) < wanted)
            _tokens = (_tokens + 1) / 2;

        _heads = problem.KvHeads;
        var tiles = CountTiles(problem, out var shares, out var rows);
        while (_heads > 1 && tiles < wanted && shares < wanted)
        {
            _heads = (_heads + 1) / 2;
            tiles = CountTiles(problem, out shares, out rows);
        }

        ShareRows = rows;
        _divide = tiles < wanted && shares > tiles && rows <= MaxRows
            && (long)shares * FiaSums.Floats(rows, Fia.SumWidth(problem.HeadDim)) <= MaxShareFloats;
    }

    private int CountTiles(in FiaProblem problem, out int shares, out int shareRows)
    {
        var count = 0;
        (shares, shareRows) = (0, 0);
        for (var b = 0; b < problem.Batch; b++)
        {
            var rows = problem.RowsToWrite(b);
            if (rows == 0)
                continue;

            var heads = HeadsPerTile(problem, rows);
            var tiles = (rows + _tokens - 1) / _tokens * ((problem.KvHeads + heads - 1) / heads);
            count = checked(count + tiles);
            shares = checked(shares + (tiles * Math.Max(1, (problem.KeyLength(b) + Fia.Segment - 1) / Fia.Segment)));
            shareRows = Math.Max(shareRows, heads * Fia.PaddedRows(Math.Min(rows, _tokens) * problem.Group));
        }

        return count;
    }

    private int HeadsPerTile(in FiaProblem problem, int rows)
    {
        var padded = Fia.PaddedRows(Math.Min(rows, _tokens) * problem.Group);
        return padded > FewestRows ? 1 : Math.Clamp(MaxRows / padded, 1, _heads);
    }

    private void AddRequest(in FiaProblem problem, int b)
    {
        var rows = problem.RowsToWrite(b);
        if (rows == 0)
            return;

        var heads = HeadsPerTile(problem, rows);
        for (var first = (rows - 1) / _tokens * _tokens; first >= 0; first -= _tokens)
        {
            for (var head = 0; head < problem.KvHeads; head += heads)
            {
                var tile = new FiaTask(
                    b, head, Math.Min(heads, problem.KvHeads - head), first, Math.Min(_tokens, rows - first), 0, int.MaxValue, -1);
                AddTile(problem, tile);
            }
        }
    }

    private void AddTile(in FiaProblem problem, in FiaTask tile)
    {
        var (low, high) = _divide ? SegmentsSeen(problem, tile) : (0, 1);
        if (high - low <= 1)
        {
            Add(ref _tasks, Count++, tile);
            return;
        }

        Add(ref _divided, DividedCount++, tile with { Share = Shares });
        for (var segment = low; segment < high; segment++)
        {
            Add(ref _tasks, Count++,
                tile with { FirstKey = segment * Fia.Segment, EndKey = (segment + 1) * Fia.Segment, Share = Shares++ });
        }
    }

    private static (int Low, int High) SegmentsSeen(in FiaProblem problem, in FiaTask tile)
    {
        var (low, high) = (int.MaxValue, 0);
        for (var i = tile.FirstToken; i < tile.FirstToken + tile.Tokens; i++)
        {
            var seen = problem.Seen(tile.Request, i);
            if (seen.Low < seen.High)
                (low, high) = (Math.Min(low, seen.Low), Math.Max(high, seen.High));
        }

        return low < high ? (low / Fia.Segment, ((high - 1) / Fia.Segment) + 1) : (0, 1);
    }

    private static void Add(ref FiaTask[] list, int at, in FiaTask task)
    {
        if (at == list.Length)
            Array.Resize(ref list, 2 * at);

        list[at] = task;
    }
}
