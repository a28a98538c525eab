using System.Collections.Concurrent;
using AkkaCp.Npu;

namespace AkkaCp.Engine.Tests.Starting;

/// <summary>Counts what devices have of the system, and refuses or holds up one request, counted from 0.</summary>
internal sealed class TestResources : DeviceResources
{
    private readonly ConcurrentDictionary<nint, nuint> _blocks = new();
    private readonly ConcurrentBag<Thread> _threads = [];
    private int _requests;
    private long _bytes;

    /// <summary>The request that is refused; none by default.</summary>
    public int Refused { get; init; } = -1;

    /// <summary>The request that waits for <see cref="Release"/>; none by default.</summary>
    public int Held { get; init; } = -1;

    /// <summary>Told of each request's number before it is granted; nobody by default.</summary>
    public Action<int>? Asked { get; init; }

    /// <summary>Bytes that were asked for in all, whether given back or not.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    public ManualResetEventSlim Release { get; } = new();

    public ManualResetEventSlim IsHeld { get; } = new();

    public int Requests => _requests;

    public int Blocks => _blocks.Count;

    /// <summary>Whether the threads end that were started; waits for each.</summary>
    public bool HaveThreadsEnded(TimeSpan patience) => _threads.All(thread => thread.Join(patience));

    public override nint Allocate(nuint bytes)
    {
        Take($"{bytes} bytes");
        Interlocked.Add(ref _bytes, (long)bytes);
        var block = base.Allocate(bytes);
        _blocks[block] = bytes;
        return block;
    }

    public override void Free(nint memory)
    {
        if (memory != 0 && !_blocks.TryRemove(memory, out _))
            throw new InvalidOperationException("memory was freed that is not out");
        base.Free(memory);
    }

    public override void Start(Thread thread)
    {
        Take($"thread {thread.Name}");
        base.Start(thread);
        _threads.Add(thread);
    }

    private void Take(string what)
    {
        var request = Interlocked.Increment(ref _requests) - 1;
        Asked?.Invoke(request);
        if (request == Held)
        {
            IsHeld.Set();
            Release.Wait(TimeSpan.FromMinutes(2));
        }

        if (request == Refused)
            throw new RefusedException($"request {request} for {what} is refused");
    }
}

/// <summary>As the system says it has nothing left.</summary>
internal sealed class RefusedException(string message) : OutOfMemoryException(message);
