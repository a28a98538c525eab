using AkkaCp.Collectives.Calls;

namespace AkkaCp.Collectives.Groups;

/// <summary>
/// A collective that waits for members. Guarded by the hub's lock until the last member has come. Used for one collective after another.
/// </summary>
internal sealed class PendingCollective(int size)
{
    private readonly CollectiveCall[] _calls = new CollectiveCall[size];
    private readonly CollectiveWaiter?[] _waiters = new CollectiveWaiter?[size];
    private readonly bool[] _has = new bool[size];
    private int _arrived;

    public CollectiveTag Tag { get; private set; }

    /// <summary>Time stamp of the first member's call.</summary>
    public long StartedAt { get; private set; }

    /// <summary>Counts the time for its members; stopped while no collective waits here.</summary>
    public ITimer? Timer { get; set; }

    public bool IsComplete => _arrived == size;

    /// <summary>Some member's call, to compare others with, when there is one.</summary>
    public ref readonly CollectiveCall FirstCall => ref _calls[Array.IndexOf(_has, true)];

    public IEnumerable<int> Missing => Enumerable.Range(0, size).Where(member => !_has[member]);

    /// <summary>The calls by member, when all have come.</summary>
    public ReadOnlySpan<CollectiveCall> Calls => _calls;

    public bool Has(int member) => _has[member];

    /// <summary>Starts without members.</summary>
    public void Open(CollectiveTag tag, long startedAt)
    {
        (Tag, StartedAt, _arrived) = (tag, startedAt, 0);
        Array.Clear(_has);
        Array.Clear(_calls);
        Array.Clear(_waiters);
    }

    /// <summary>A member has come.</summary>
    public void Add(in CollectiveCall call)
    {
        _arrived++;
        _calls[call.Member] = call;
        _has[call.Member] = true;
    }

    /// <summary>A member that has come waits.</summary>
    public void Add(CollectiveWaiter waiter) => _waiters[waiter.Member] = waiter;

    public void Complete()
    {
        foreach (var waiter in _waiters)
        {
            waiter?.End(null);
        }
    }

    /// <summary>Ends every waiting call with its own instance of the error: a shared one would mix the members' stack traces.</summary>
    public void Fail(Func<Exception> error)
    {
        foreach (var waiter in _waiters)
        {
            waiter?.End(error());
        }
    }

    /// <summary>Ends one member's call by itself: <see cref="Complete"/> and <see cref="Fail"/> leave it out then.</summary>
    public void FailOne(CollectiveWaiter waiter, Exception error)
    {
        _waiters[waiter.Member] = null;
        waiter.End(error);
    }
}
