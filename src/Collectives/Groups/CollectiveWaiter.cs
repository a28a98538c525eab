using System.Threading.Tasks.Sources;

namespace AkkaCp.Collectives.Groups;

/// <summary>
/// What a member's task waits on until its peers have come. Used for one call after another: when the caller has taken the result, the
/// group has it back.
/// </summary>
internal sealed class CollectiveWaiter(LocalGroup group) : IValueTaskSource
{
    // Asynchronously, so that the peer that ends the call does not run the caller's continuation.
    private ManualResetValueTaskSourceCore<bool> _end = new() { RunContinuationsAsynchronously = true };
    private CancellationTokenRegistration _registration;

    /// <summary>The collective that the call waits in; null when it has ended. Written under the hub's lock, or by whoever closed it.</summary>
    public PendingCollective? Pending { get; private set; }

    /// <summary>The call's member.</summary>
    public int Member { get; private set; }

    /// <summary>The call's token.</summary>
    public CancellationToken CancellationToken { get; private set; }

    /// <summary>Starts to wait. Called under the hub's lock.</summary>
    /// <returns>What the caller awaits, once.</returns>
    public ValueTask Begin(PendingCollective pending, int member, CancellationToken cancellationToken)
    {
        (Pending, Member, CancellationToken) = (pending, member, cancellationToken);
        return new ValueTask(this, _end.Version);
    }

    /// <summary>Has the call end with its token. Called under the hub's lock, when the collective knows of the waiter.</summary>
    public void ListenToCancellation()
    {
        if (CancellationToken.CanBeCanceled)
        {
            // Runs at once, inside the lock, when the token was cancelled meanwhile.
            _registration = CancellationToken.UnsafeRegister(
                static (state, token) => ((CollectiveWaiter)state!).EndByToken(token), this);
        }
    }

    /// <summary>Ends the call; without an error it has its rows.</summary>
    public void End(Exception? error)
    {
        // Does not wait for a running callback, which may itself wait for the hub's lock.
        _registration.Unregister();
        _registration = default;
        Pending = null;
        if (error is null)
        {
            _end.SetResult(true);
        }
        else
        {
            _end.SetException(error);
        }
    }

    /// <inheritdoc/>
    public ValueTaskSourceStatus GetStatus(short token) => _end.GetStatus(token);

    /// <inheritdoc/>
    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _end.OnCompleted(continuation, state, token, flags);

    /// <inheritdoc/>
    public void GetResult(short token)
    {
        // A second caller fails here and must not give the waiter back a second time.
        var isWaiting = _end.GetStatus(token) == ValueTaskSourceStatus.Pending;
        try
        {
            _end.GetResult(token);
        }
        finally
        {
            if (!isWaiting)
            {
                _end.Reset();
                group.TakeBack(this);
            }
        }
    }

    private void EndByToken(CancellationToken token) => group.Cancel(this, token);
}
