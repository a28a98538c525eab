using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace AkkaCp.Npu.Cpu.Threads;

/// <summary>
/// The compute threads of one device: the caller as worker 0, and <c>threads - 1</c> helpers. Items are taken from one shared
/// counter; <see cref="Run"/> allocates nothing. A helper that is still asleep when the items run out is not waited for, so
/// a small job costs its caller one wake-up call at most.
/// </summary>
internal sealed unsafe class WorkerPool : IDisposable
{
    private static readonly TimeSpan s_disposeTimeout = TimeSpan.FromSeconds(5);

    private readonly Lock _oneRun = new();
    private readonly Helper[] _helpers;
    private readonly int[] _threadIds;
    private readonly AutoResetEvent _allLeft = new(false);
    private readonly JobGate _gate = new();
    private Job _job;
    private ExceptionDispatchInfo? _error;
    private bool _stopping;
    private int _caller;

    /// <summary>Starts the helpers.</summary>
    /// <param name="threads">Workers, the caller included; at least 1.</param>
    /// <param name="name">Prefix of the helpers' thread names.</param>
    /// <param name="cores">Processors to pin helpers to, by worker number; null pins nothing.</param>
    /// <param name="resources">Starts the threads; null = this process.</param>
    /// <exception cref="OutOfMemoryException">The system has no thread left; those that were started are ended.</exception>
    public WorkerPool(int threads, string name = "cpu", IReadOnlyList<int>? cores = null, DeviceResources? resources = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        Threads = threads;
        _helpers = [.. Enumerable.Range(1, threads - 1)
            .Select(worker => new Helper(this, worker, $"{name}/{worker}", ThreadAffinity.CoreOf(cores, worker)))];
        _threadIds = [.. _helpers.Select(helper => helper.ThreadId)];
        try
        {
            foreach (var helper in _helpers)
                helper.Start(resources ?? DeviceResources.OfProcess);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Workers, the caller included.</summary>
    public int Threads { get; }

    /// <summary>
    /// Runs items 0 .. count-1 and returns when all are done. Any thread may call; a second caller waits for the first.
    /// After an item threw, items not yet begun are skipped and the first exception is thrown here.
    /// </summary>
    /// <exception cref="InvalidOperationException">Called from inside an item of the same pool.</exception>
    /// <exception cref="ObjectDisposedException">The pool is closed.</exception>
    public void Run<TWork>(int count, TWork work)
        where TWork : struct, IWork
    {
        RefuseNestedCall();
        lock (_oneRun)
        {
            ObjectDisposedException.ThrowIf(_stopping, this);
            _caller = Environment.CurrentManagedThreadId;
            try
            {
                if (_helpers.Length == 0 || count <= 1)
                    RunAlone(count, work);
                else
                    RunShared(count, work);
            }
            finally
            {
                _caller = 0;
            }
        }
    }

    /// <summary>Ends the helpers; waits a bounded time for each.</summary>
    public void Dispose()
    {
        RefuseNestedCall();
        lock (_oneRun)
        {
            if (_stopping)
                return;

            Volatile.Write(ref _stopping, true);
            foreach (var helper in _helpers)
                helper.Wake();

            foreach (var helper in _helpers)
            {
                if (helper.Join(s_disposeTimeout))
                    helper.Dispose();
            }

            _allLeft.Dispose();
        }
    }

    private static void RunAlone<TWork>(int count, TWork work)
        where TWork : struct, IWork
    {
        for (var item = 0; item < count; item++)
            work.Execute(item, 0);
    }

    private void RunShared<TWork>(int count, TWork work)
        where TWork : struct, IWork
    {
        // The work stays in this frame: helpers have left the job before the frame ends.
        _job.Work = Unsafe.AsPointer(ref work);
        _job.Execute = &Execute<TWork>;
        _job.Count = count;
        _job.Next = 0;
        _gate.Open();
        var wanted = Math.Min(_helpers.Length, count - 1);
        for (var i = 0; i < wanted; i++)
            _helpers[i].Wake();

        TakeItems(0);
        WaitForHelpers();
        _job.Work = null;
        if (_error is { } error)
        {
            _error = null;
            error.Throw();
        }
    }

    private static void Execute<TWork>(void* work, int item, int worker)
        where TWork : struct, IWork => Unsafe.AsRef<TWork>(work).Execute(item, worker);

    private void TakeItems(int worker)
    {
        try
        {
            int item;
            while ((item = Interlocked.Increment(ref _job.Next) - 1) < _job.Count)
                _job.Execute(_job.Work, item, worker);
        }
        catch (Exception exception)
        {
            // Kept for the caller of Run, whose exception it is; the others stop at their next item.
            Interlocked.CompareExchange(ref _error, ExceptionDispatchInfo.Capture(exception), null);
            Volatile.Write(ref _job.Next, int.MaxValue / 2);
        }
    }

    private void WaitForHelpers()
    {
        var inside = _gate.Close();
        for (var spin = 0; inside && spin < 200; spin++)
        {
            Thread.SpinWait(10);
            inside = _gate.AnyInside;
        }

        // A helper that lost its processor may take a time slice: give it ours rather than burn it.
        if (inside && _gate.AskForSignal())
            _allLeft.WaitOne();
    }

    private void RefuseNestedCall()
    {
        var me = Environment.CurrentManagedThreadId;
        if (_caller == me || Array.IndexOf(_threadIds, me) >= 0)
            throw new InvalidOperationException("WorkerPool: called from inside one of its own items; items may not start work.");
    }

    private struct Job
    {
        public void* Work;
        public delegate*<void*, int, int, void> Execute;
        public int Count;
        public int Next;
    }

    /// <summary>One helper thread: waits for an open job, takes items until there are none, waits again.</summary>
    private sealed class Helper : IDisposable
    {
        // A turn is about 0.3 µs. Spinning that paid off may last longer next time (up to some 30 µs, the gap between two
        // operators); spinning in vain is halved each time, so that devices which share a processor soon only park.
        private const int MaxSpin = 100;

        private readonly WorkerPool _pool;
        private readonly int _worker;
        private readonly int? _core;
        private readonly AutoResetEvent _wakeUp = new(false);
        private readonly Thread _thread;
        private bool _isStarted;
        private int _parked;

        public Helper(WorkerPool pool, int worker, string name, int? core)
        {
            _pool = pool;
            _worker = worker;
            _core = core;
            _thread = new Thread(Loop) { IsBackground = true, Name = name };
        }

        public void Start(DeviceResources resources)
        {
            resources.Start(_thread);
            _isStarted = true;
        }

        public int ThreadId => _thread.ManagedThreadId;

        public void Wake()
        {
            if (Interlocked.Exchange(ref _parked, 0) == 1)
                _wakeUp.Set();
        }

        public bool Join(TimeSpan timeout) => !_isStarted || _thread.Join(timeout);

        // Only after the thread has ended.
        public void Dispose() => _wakeUp.Dispose();

        private void Loop()
        {
            if (_core is { } core)
                ThreadAffinity.TryPin(core);

            var seen = 0u;
            var spin = MaxSpin / 4;
            while (WaitForJob(ref seen, ref spin))
            {
                if (_pool._gate.TryEnter(seen))
                {
                    _pool.TakeItems(_worker);
                    if (_pool._gate.Leave())
                        _pool._allLeft.Set();
                }
            }
        }

        // False when the pool is closing.
        private bool WaitForJob(ref uint seen, ref int spin)
        {
            for (var turn = 0; turn < spin; turn++)
            {
                if (IsNew(ref seen))
                {
                    spin = Math.Min(MaxSpin, (spin * 2) + 1);
                    return !Volatile.Read(ref _pool._stopping);
                }

                Thread.SpinWait(10);
            }

            spin /= 2;
            while (true)
            {
                // Announce first, look again, then sleep: a job published in between either is seen here or sets the event.
                Interlocked.Exchange(ref _parked, 1);
                if (Volatile.Read(ref _pool._stopping))
                    return false;

                if (IsNew(ref seen))
                {
                    Interlocked.Exchange(ref _parked, 0);
                    return true;
                }

                _wakeUp.WaitOne();
                if (spin == 0)
                {
                    // Try spinning again now and then: the neighbours may be gone.
                    spin = 1;
                }
            }
        }

        private bool IsNew(ref uint seen)
        {
            var epoch = _pool._gate.OpenEpoch;
            if (epoch == 0 || epoch == seen)
                return Volatile.Read(ref _pool._stopping);

            seen = epoch;
            return true;
        }
    }
}
