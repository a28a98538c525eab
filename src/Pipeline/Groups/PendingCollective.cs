namespace AkkaCp.Pipeline.Groups;

/// <summary>A collective that waits for members. Guarded by the hub's lock until the last member has come.</summary>
internal sealed class PendingCollective(CollectiveTag tag, int size, long startedAt)
{
    private readonly Waiter?[] _waiters = new Waiter?[size];
    private int _arrived;

    public CollectiveTag Tag { get; } = tag;

    /// <summary>Time stamp of the first member's call.</summary>
    public long StartedAt { get; } = startedAt;

    public ITimer? Timer { get; set; }

    public bool IsComplete => _arrived == _waiters.Length;

    /// <summary>Some member's call, to compare others with; null before the first.</summary>
    public CollectiveCall? AnyCall => _waiters.FirstOrDefault(waiter => waiter is not null)?.Call;

    public IEnumerable<int> Missing => Enumerable.Range(0, _waiters.Length).Where(member => _waiters[member] is null);

    public bool Has(int member) => _waiters[member] is not null;

    public Waiter Add(CollectiveCall call)
    {
        _arrived++;
        return _waiters[call.Member] = new Waiter(call);
    }

    /// <summary>The calls by member, when all have come.</summary>
    public CollectiveCall[] Calls() => [.. _waiters.Select(waiter => waiter!.Call)];

    public void Complete() => EndAll(waiter => waiter.Ended.TrySetResult());

    /// <summary>Ends every waiting call with its own instance of the error: a shared one would mix the members' stack traces.</summary>
    public void Fail(Func<Exception> error) => EndAll(waiter => waiter.Ended.TrySetException(error()));

    private void EndAll(Action<Waiter> end)
    {
        foreach (var waiter in _waiters)
        {
            if (waiter is not null)
            {
                // Does not wait for a running callback, which may itself wait for the hub's lock.
                waiter.Registration.Unregister();
                end(waiter);
            }
        }
    }

    /// <summary>A member that has come.</summary>
    public sealed class Waiter(CollectiveCall call)
    {
        public CollectiveCall Call { get; } = call;

        public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public CancellationTokenRegistration Registration { get; set; }
    }
}
