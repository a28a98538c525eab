namespace AkkaCp.Npu.Cpu.Threads;

/// <summary>
/// One stream of execution: a dedicated thread that runs tasks in the order they were queued. A task started on it has its
/// awaits continue on it (the awaiter captures <see cref="TaskScheduler.Current"/>), so Dataflow blocks and async methods alike
/// stay on the thread. A task's exception is the task's own and never ends the thread.
/// </summary>
public sealed class DeviceStream : TaskScheduler, IDisposable
{
    private readonly Queue<Task> _queue = new();
    private readonly Thread _thread;
    private readonly WakeUp _wake = new();
    private readonly int? _core;
    private bool _closed;

    /// <summary>Starts the thread.</summary>
    /// <param name="name">Name of the thread.</param>
    /// <param name="core">Processor to pin it to; null = not pinned.</param>
    /// <param name="resources">Starts the thread; null = this process.</param>
    /// <exception cref="OutOfMemoryException">The system has no thread left.</exception>
    public DeviceStream(string name, int? core = null, DeviceResources? resources = null)
    {
        _core = core;
        _thread = new Thread(RunTasks) { IsBackground = true, Name = name };
        (resources ?? DeviceResources.OfProcess).Start(_thread);
    }

    /// <summary>Always 1: tasks run one after another.</summary>
    public override int MaximumConcurrencyLevel => 1;

    /// <summary>True on the stream's own thread.</summary>
    public bool IsCurrentThread => Thread.CurrentThread == _thread;

    /// <summary>
    /// Refuses new tasks from other threads, runs all that are queued (and those that they queue), and ends the thread. Returns
    /// when it has ended; called on the stream's own thread it returns at once, and the thread ends when the queue is empty.
    /// </summary>
    public void Dispose()
    {
        lock (_queue)
            _closed = true;

        _wake.Set();
        if (!IsCurrentThread)
            _thread.Join();
    }

    /// <inheritdoc/>
    protected override void QueueTask(Task task)
    {
        lock (_queue)
        {
            // While draining, the last tasks may still hand on to each other; nobody else may start something new.
            ObjectDisposedException.ThrowIf(_closed && !IsCurrentThread, this);
            _queue.Enqueue(task);
        }

        _wake.Set();
    }

    /// <inheritdoc/>
    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) =>
        IsCurrentThread && TryExecuteTask(task);

    /// <inheritdoc/>
    protected override IEnumerable<Task> GetScheduledTasks()
    {
        lock (_queue)
            return _queue.ToArray();
    }

    private void RunTasks()
    {
        if (_core is { } core)
            ThreadAffinity.TryPin(core);

        while (Next() is { } task)
            TryExecuteTask(task);

        _wake.Dispose();
    }

    private Task? Next()
    {
        while (true)
        {
            lock (_queue)
            {
                if (_queue.TryDequeue(out var task) || _closed)
                    return task;
            }

            _wake.Wait();
        }
    }
}
