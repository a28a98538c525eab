namespace AkkaCp.Collectives.Connecting;

/// <summary>
/// The places of connections that have not said who they are yet. While all are taken, a newcomer waits until somebody leaves or has had
/// its fair time; then the oldest goes, of those that have said nothing if there are any. So a flooded port admits a known number each
/// second, in the order in which they came, and everybody who is let in has the time to say what it must. Thread-safe.
/// </summary>
/// <param name="rules">How many, and how long.</param>
/// <param name="time">The clock.</param>
public sealed class HandshakePlaces(HandshakeRules rules, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly List<HandshakePlace> _taken = [];
    private TaskCompletionSource _left = New();

    /// <summary>Places that are taken.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _taken.Count;
        }
    }

    /// <summary>Takes a place, when there is one. The caller disposes it to leave it.</summary>
    /// <exception cref="OperationCanceledException">Cancelled before.</exception>
    public async Task<HandshakePlace> EnterAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (TryEnter(out var pause, out var left) is { } entered)
                return entered;
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await Task.WhenAny(left, Task.Delay(pause, time, stop.Token)).ConfigureAwait(false);
            await stop.CancelAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Shows everybody out.</summary>
    public void Clear()
    {
        List<HandshakePlace> all;
        lock (_lock)
            all = [.. _taken];
        all.ForEach(one => one.ShowOut());
    }

    internal void Leave(HandshakePlace one)
    {
        TaskCompletionSource left;
        lock (_lock)
        {
            if (!_taken.Remove(one))
                return;
            (left, _left) = (_left, New());
        }

        left.SetResult();
    }

    private HandshakePlace? TryEnter(out TimeSpan pause, out Task left)
    {
        HandshakePlace entered;
        HandshakePlace? shownOut;
        lock (_lock)
        {
            left = _left.Task;
            shownOut = _taken.Count < rules.Most ? null : _taken.MinBy(Rank);
            pause = shownOut is null ? TimeSpan.Zero : PauseFor(shownOut);
            if (pause != TimeSpan.Zero)
                return null;
            if (shownOut is not null)
                _taken.Remove(shownOut);
            _taken.Add(entered = new HandshakePlace(this, rules.Limit, time));
        }

        shownOut?.ShowOut();
        return entered;
    }

    /// <summary>Who goes first.</summary>
    private static (bool, bool, long) Rank(HandshakePlace one) => (one.IsKept, one.HasSpoken, one.Since);

    /// <summary>How long the place is still kept from others: none when it is not.</summary>
    private TimeSpan PauseFor(HandshakePlace one)
    {
        if (one.IsKept)
            return Timeout.InfiniteTimeSpan;
        var left = (one.HasSpoken ? rules.Spoken : rules.Silent) - time.GetElapsedTime(one.Since);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
