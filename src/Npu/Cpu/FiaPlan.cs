namespace AkkaCp.Npu.Cpu;

/// <summary>A tile of query rows: tokens [FirstToken, FirstToken + Tokens) of a request, all heads of one key/value head.</summary>
internal readonly record struct FiaTask(int Request, int KvHead, int FirstToken, int Tokens);

/// <summary>Cuts an attention call into tiles, those of a request that see the most keys first. The device keeps it, so that a call of a size seen before allocates nothing.</summary>
internal sealed class FiaPlan
{
    /// <summary>
    /// Most rows of a tile: their queries and sums (2 × 256 × 128 × 4 B = 256 KiB) and scores (64 KiB) lie in an L2 of 1 MiB,
    /// and a block of keys is packed once for all of them.
    /// </summary>
    public const int MaxRows = 256;

    private const int TasksPerWorker = 4;
    private const int FewestRows = 32;

    private FiaTask[] _tasks = new FiaTask[64];


    /// <summary>Number of tiles.</summary>
    public int Count { get; private set; }

    /// <summary>Tile <paramref name="item"/>.</summary>
    public ref readonly FiaTask this[int item] => ref _tasks[item];

    /// <summary>Plans the call. Tiles shrink when there are too few to keep all workers busy; results do not depend on it.</summary>
    public void Build(in FiaProblem problem, int threads)
    {
        var tokens = Math.Max(1, MaxRows / problem.Group);
        while (threads > 1 && tokens * problem.Group > FewestRows && CountTasks(problem, tokens) < threads * TasksPerWorker)
        {
            tokens = (tokens + 1) / 2;
        }

        Count = 0;
        Reserve(CountTasks(problem, tokens));
        for (var b = 0; b < problem.Batch; b++)
        {
            AddRequest(problem, b, tokens);
        }
    }

    private void AddRequest(in FiaProblem problem, int b, int tokens)
    {
        var rows = problem.RowsToWrite(b);
        for (var first = (rows - 1) / tokens * tokens; rows > 0 && first >= 0; first -= tokens)
        {
            for (var head = 0; head < problem.KvHeads; head++)
            {
                _tasks[Count++] = new FiaTask(b, head, first, Math.Min(tokens, rows - first));
            }
        }
    }

    private static int CountTasks(in FiaProblem problem, int tokens)
    {
        var count = 0;
        for (var b = 0; b < problem.Batch; b++)
        {
            count = checked(count + ((problem.RowsToWrite(b) + tokens - 1) / tokens * problem.KvHeads));
        }

        return count;
    }

    private void Reserve(int count)
    {
        if (_tasks.Length < count)
        {
            _tasks = new FiaTask[Math.Max(count, 2 * _tasks.Length)];
        }
    }
}
