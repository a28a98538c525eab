using AkkaCp.Collectives.Calls;
using AkkaCp.Npu;

namespace AkkaCp.Bench.Transport;

/// <summary>Collectives between this process's rank and the other's.</summary>
internal sealed class GatherBench : IDisposable
{
    private const int Columns = 1024;
    private const int RowBytes = Columns * sizeof(float);

    private readonly IRankGroup _group;
    private readonly TensorPool _pool = new();
    private readonly Tensor[] _receives;
    private readonly Waiter[] _waiters;
    private readonly Tensor _small;
    private readonly int[] _counts = new int[2];
    private long _step;

    public GatherBench(IRankGroup group, int maxBytes, int inFlight)
    {
        _group = group;
        _receives = [.. Enumerable.Range(0, inFlight).Select(_ => _pool.Rent(DType.F32, 2 * maxBytes / RowBytes, Columns))];
        foreach (var receive in _receives)
        {
            // Touched, so that the kernel gives the pages before the clock runs.
            using var host = receive.View.MapWrite();
            host.Bytes.Clear();
        }

        _waiters = [.. Enumerable.Range(0, inFlight).Select(_ => new Waiter())];
        _small = _pool.Rent(DType.F32, 1, 16);
        using var small = _small.View.MapWrite();
        small.Bytes.Clear();
    }

    /// <summary>All-gathers of so many bytes a rank, with so many under way at once. Each rank's own rows lie in their place, so that the
    /// network is all that is measured.</summary>
    public void Gather(int bytes, int times, int inFlight)
    {
        var rows = bytes / RowBytes;
        int[] counts = [rows, rows];
        for (var i = 0; i < times + inFlight; i++)
        {
            var slot = i % inFlight;
            if (i >= inFlight)
                _waiters[slot].Wait();

            if (i < times)
            {
                var receive = _receives[slot].View.Slice(0, 2 * rows);
                var tag = new CollectiveTag(1, ++_step, 0, CollectiveKind.KvGather);
                _waiters[slot].Begin(_group.AllGatherAsync(
                    tag, receive.Slice(_group.Rank * rows, rows), receive, counts, CancellationToken.None));
            }
        }
    }

    /// <summary>Managed bytes of this process for each of so many all-gathers. The ends are looked for, not awaited: what the runtime
    /// spends on a continuation is the awaiting thread's.</summary>
    public double ManagedBytes(int bytes, int times)
    {
        Poll(bytes, times);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        Poll(bytes, times);
        return (GC.GetTotalAllocatedBytes(precise: true) - before) / (double)times;
    }

    /// <summary>64 bytes there and back, each way as a transfer of its own.</summary>
    public void RoundTrips(int times)
    {
        for (var i = 0; i < 2 * times; i++)
        {
            var tag = new CollectiveTag(1, ++_step, 0, CollectiveKind.Transfer);
            _waiters[0].Begin(_group.TransferAsync(tag, _small, i % 2, 1 - (i % 2), CancellationToken.None));
            _waiters[0].Wait();
        }
    }

    /// <summary>All-reduces of a decode step's row.</summary>
    public void Reduce(int bytes, int times)
    {
        var data = _receives[0].View.Slice(0, bytes / RowBytes);
        for (var i = 0; i < times; i++)
        {
            var tag = new CollectiveTag(1, ++_step, 0, CollectiveKind.Transfer);
            _waiters[0].Begin(_group.AllReduceAsync(tag, data, CancellationToken.None));
            _waiters[0].Wait();
        }
    }

    public void Dispose()
    {
        _pool.Dispose();
        foreach (var waiter in _waiters)
            waiter.Dispose();
    }

    private void Poll(int bytes, int times)
    {
        var rows = bytes / RowBytes;
        _counts.AsSpan().Fill(rows);
        for (var i = 0; i < times; i++)
        {
            var receive = _receives[0].View.Slice(0, 2 * rows);
            var tag = new CollectiveTag(1, ++_step, 0, CollectiveKind.KvGather);
            _waiters[0].Begin(_group.AllGatherAsync(
                tag, receive.Slice(_group.Rank * rows, rows), receive, _counts, CancellationToken.None));
            _waiters[0].Poll();
        }
    }

    /// <summary>Blocks a thread until a call has ended, without managed memory. The end comes straight to the thread, which waits as a
    /// rank's own stream does.</summary>
    private sealed class Waiter : SynchronizationContext, IDisposable
    {
        private readonly WakeUp _wake = new();
        private readonly Action _nothing = () => { };
        private ValueTask _call;

        public void Dispose() => _wake.Dispose();

        public override void Post(SendOrPostCallback d, object? state) => _wake.Set();

        public void Begin(ValueTask call) => _call = call;

        public void Poll()
        {
            while (!_call.IsCompleted)
                Thread.Yield();

            _call.GetAwaiter().GetResult();
        }

        public void Wait()
        {
            var awaiter = _call.GetAwaiter();
            if (!awaiter.IsCompleted)
            {
                SetSynchronizationContext(this);
                awaiter.UnsafeOnCompleted(_nothing);
                SetSynchronizationContext(null);
                _wake.Wait();
            }

            awaiter.GetResult();
        }
    }
}
