using System.Threading.Tasks.Sources;

namespace AkkaCp.Collectives.Groups;

/// <summary>What one member's call is awaited by; goes back to its group when its result was taken, to serve another call.</summary>
internal sealed class CallTask(RankGroup group) : IValueTaskSource
{
    // Continuations run on no thread of a link, and on no other rank's.
    private ManualResetValueTaskSourceCore<bool> _source = new() { RunContinuationsAsynchronously = true };

    /// <summary>The call that it stands for, while it waits.</summary>
    public Collective? Collective { get; private set; }

    /// <summary>Member whose call it is.</summary>
    public int Member { get; private set; }

    public CancellationTokenRegistration Cancellation { get; private set; }

    /// <summary>The token that ended the call; none when something else did.</summary>
    public CancellationToken CancelledBy { get; set; }

    /// <summary>Stands for a member's call.</summary>
    public ValueTask Begin(Collective call, int member)
    {
        (Collective, Member) = (call, member);
        call.Calls[group.Map.PlaceOf(member)].Task = this;
        return new ValueTask(this, _source.Version);
    }

    /// <summary>Lets a token cancel the call as long as somebody is missing.</summary>
    public void CancelBy(CancellationToken token)
    {
        if (token.CanBeCanceled && Collective is { AllHere: false })
        {
            // Runs at once, inside the gate, when the token was cancelled meanwhile.
            Cancellation = token.UnsafeRegister(static (state, by) => ((CallTask)state!).Cancel(by), this);
        }
    }

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
            throw new InvalidOperationException("The call has not ended; its task is to be awaited.");

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

    private void Cancel(CancellationToken token) => group.Cancel(this, token);
}
