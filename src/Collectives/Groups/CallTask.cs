using System.Threading.Tasks.Sources;

namespace AkkaCp.Collectives.Groups;

/// <summary>What one member's call is awaited by; goes back to its group when its result was taken, to serve another call.</summary>
internal sealed class CallTask(RankGroup group) : IValueTaskSource
{
    // Continuations run on no thread of a link, and on no other rank's.
    private ManualResetValueTaskSourceCore<bool> _source = new() { RunContinuationsAsynchronously = true };

    public ValueTask Task => new(this, _source.Version);

    /// <summary>The call that it stands for, while it waits.</summary>
    public Collective? Collective { get; set; }

    /// <summary>Member whose call it is.</summary>
    public int Member { get; set; }

    public CancellationTokenRegistration Cancellation { get; set; }

    /// <summary>The token that ended the call; none when something else did.</summary>
    public CancellationToken CancelledBy { get; set; }

    public void Cancel(CancellationToken token) => group.Cancel(this, token);

    public void Succeed() => _source.SetResult(true);

    public void Fail(Exception error) =>
        _source.SetException(CancelledBy.IsCancellationRequested ? new OperationCanceledException(CancelledBy) : error);

    /// <summary>Parts from its call; a callback of the token that still runs finds nothing to cancel.</summary>
    public void Leave()
    {
        // Does not wait for a running callback, which may itself wait for the gate.
        Cancellation.Unregister();
        Cancellation = default;
        Collective = null;
    }

    public ValueTaskSourceStatus GetStatus(short token) => _source.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);

    public void GetResult(short token)
    {
        // A second caller fails here, and one that does not wait for the end; neither must give the task back.
        if (_source.GetStatus(token) == ValueTaskSourceStatus.Pending)
        {
            throw new InvalidOperationException("The call has not ended; its task is to be awaited.");
        }

        try
        {
            _source.GetResult(token);
        }
        finally
        {
            _source.Reset();
            CancelledBy = default;
            group.Return(this);
        }
    }
}
