using Microsoft.Extensions.Time.Testing;

namespace AkkaCp.Testing;

/// <summary>A clock that stands still until a test moves it, and that knows how many of its timers run.</summary>
public sealed class ManualTimeProvider : FakeTimeProvider
{
    private int _activeTimers;

    /// <summary>Timers that have not fired and were not stopped.</summary>
    public int ActiveTimers => Volatile.Read(ref _activeTimers);

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new CountedTimer(this, callback, state);
        timer.Start(base.CreateTimer(timer.Fire, null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan), dueTime, period);
        return timer;
    }

    private sealed class CountedTimer(ManualTimeProvider clock, TimerCallback callback, object? state) : ITimer
    {
        private ITimer? _timer;
        private bool _repeats;
        private int _isActive;

        public void Start(ITimer timer, TimeSpan dueTime, TimeSpan period)
        {
            _timer = timer;
            Change(dueTime, period);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            _repeats = period > TimeSpan.Zero;
            if (dueTime <= TimeSpan.Zero)
                SetActive(dueTime == TimeSpan.Zero);

            // Who sees the timer run may move the clock at once: it must be due by then.
            var changed = _timer!.Change(dueTime, period);
            if (dueTime > TimeSpan.Zero)
                SetActive(true);

            return changed;
        }

        public void Fire(object? unused)
        {
            SetActive(_repeats);
            callback(state);
        }

        public void Dispose()
        {
            SetActive(false);
            _timer!.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void SetActive(bool isActive)
        {
            var change = (isActive ? 1 : 0) - Interlocked.Exchange(ref _isActive, isActive ? 1 : 0);
            Interlocked.Add(ref clock._activeTimers, change);
        }
    }
}
