using System.Diagnostics;

namespace AkkaCp.Npu;

/// <summary>
/// Wakes the one thread that waits for it; set once or more often before, it wakes it once. The thread first offers its core to others
/// for a while, and sleeps only then: who comes soon, as a peer's rows or the next task of a step do, costs a microsecond instead of the
/// ten to twenty that two threads pay the system for a sleep.
/// </summary>
public sealed class WakeUp : IDisposable
{
    // Some times what a sleep costs. A thread that yields stands in nobody's way meanwhile.
    private static readonly long s_patience = Stopwatch.Frequency * 50 / 1_000_000;

    private readonly AutoResetEvent _event = new(false);
    private int _state;

    private enum State
    {
        /// <summary>Nothing has happened since the last wait.</summary>
        Idle,

        /// <summary>The next wait ends at once.</summary>
        Set,

        /// <summary>The thread sleeps.</summary>
        Asleep,
    }

    /// <summary>Ends the wait, or the next one. Any thread.</summary>
    public void Set()
    {
        if (Interlocked.Exchange(ref _state, (int)State.Set) == (int)State.Asleep)
            _event.Set();
    }

    /// <summary>Waits without a limit. One thread at a time.</summary>
    public void Wait() => Wait(Timeout.InfiniteTimeSpan);

    /// <summary>Waits. One thread at a time.</summary>
    /// <param name="timeout">At most this long; infinite for no limit.</param>
    /// <returns>False when the time is over.</returns>
    public bool Wait(TimeSpan timeout)
    {
        var start = Stopwatch.GetTimestamp();
        do
        {
            if (Volatile.Read(ref _state) == (int)State.Set)
                return Take();

            Thread.Yield();
        }
        while (Stopwatch.GetTimestamp() - start < s_patience);

        if (!TryMove(State.Idle, State.Asleep) || _event.WaitOne(timeout))
            return Take();

        if (TryMove(State.Asleep, State.Idle))
            return false;

        // It was set at the last moment, and the event with it, or in an instant.
        _event.WaitOne();
        return Take();
    }

    /// <inheritdoc/>
    public void Dispose() => _event.Dispose();

    // What was done before a Set that this swallows is seen by the thread after it: the exchange is a full fence.
    private bool Take()
    {
        Interlocked.Exchange(ref _state, (int)State.Idle);
        return true;
    }

    private bool TryMove(State from, State to) => Interlocked.CompareExchange(ref _state, (int)to, (int)from) == (int)from;
}
