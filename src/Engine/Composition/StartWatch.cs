using System.Diagnostics;
using AkkaCp.Model.Weights;
using AkkaCp.Npu;

namespace AkkaCp.Engine.Composition;

/// <summary>
/// Bounds a start: one that does not get on for a time ends with an error that says what it was at. What it lacks may be the very
/// memory or thread that would have told of its failure, so a thread of its own watches, made before anything else, and whoever waits
/// for the start goes on right there.
/// </summary>
#pragma warning disable CA1001 // Whoever comes last disposes the token source; an event without a handle holds nothing.
internal sealed class StartWatch
#pragma warning restore CA1001
{
    // Whoever cancels waits for what is under way to end, but not for what hangs.
    private static readonly TimeSpan s_patienceWhenCancelled = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_longestTurn = TimeSpan.FromMilliseconds(250);

    private readonly TimeSpan _patience;
    private readonly CancellationToken _cancelled;
    private readonly CancellationTokenSource _stopping;
    private readonly ManualResetEventSlim _ended = new();
    private readonly TaskCompletionSource _expired = new();
    private volatile string _phase = "it began";
    private long _progress;

    private StartWatch(TimeSpan? patience, CancellationToken cancellationToken)
    {
        _patience = patience ?? TimeSpan.MaxValue;
        _cancelled = cancellationToken;
        _stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Stopping = _stopping.Token;
    }

    /// <summary>Cancelled when the start is given up.</summary>
    public CancellationToken Stopping { get; }

    /// <summary>Runs a start.</summary>
    /// <param name="patience">How long it may take without progress; null = for ever.</param>
    /// <param name="resources">Makes the watching thread.</param>
    /// <param name="start">The start; it tells of its phases and its progress.</param>
    /// <param name="undo">Gives back what comes of a start that was given up before.</param>
    /// <param name="cancellationToken">Ends the start, also one that hangs.</param>
    /// <exception cref="TimeoutException">It did not get on.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static async Task<T> RunAsync<T>(
        TimeSpan? patience, DeviceResources resources, Func<StartWatch, Task<T>> start, Func<T, ValueTask> undo,
        CancellationToken cancellationToken)
    {
        var watch = new StartWatch(patience, cancellationToken);
        resources.Start(new Thread(watch.Watch) { IsBackground = true, Name = "start" });
        var starting = Task.Run(() => start(watch), CancellationToken.None);
        if (await Task.WhenAny(starting, watch._expired.Task).ConfigureAwait(false) == starting)
        {
            watch.End();
            var started = await starting.ConfigureAwait(false);
            if (cancellationToken.IsCancellationRequested)
                await undo(started).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            return started;
        }

        _ = watch.AbandonAsync(starting, undo);
        cancellationToken.ThrowIfCancellationRequested();
        throw new TimeoutException(
            $"the start did not get on for {watch._patience.TotalSeconds:0.#} s while {watch._phase} "
            + "(akka-cp.scheduler.start-timeout); the machine may be out of memory or threads");
    }

    /// <summary>What the start is at from now on, in words that follow "while".</summary>
    public void Enter(string phase)
    {
        _phase = phase;
        Tick();
    }

    /// <summary>Progress of loading, which goes on to whoever else watches it.</summary>
    public IProgress<LoadProgress> Through(IProgress<LoadProgress>? other)
    {
        Enter("the weights were loaded");
        return new Loading(this, other);
    }

    /// <summary>The start gets on.</summary>
    public void Tick() => Interlocked.Increment(ref _progress);

    private void Watch()
    {
        var turn = TimeSpan.FromTicks(Math.Min(s_longestTurn.Ticks, (_patience.Ticks / 8) + 1));
        var (seen, since) = (Interlocked.Read(ref _progress), Stopwatch.GetTimestamp());
        while (!_ended.Wait(turn))
        {
            if (Interlocked.Read(ref _progress) is var now && now != seen && !_cancelled.IsCancellationRequested)
                (seen, since) = (now, Stopwatch.GetTimestamp());
            if (Stopwatch.GetElapsedTime(since) > Patience)
                break;
        }

        if (!_ended.IsSet)
            _expired.TrySetResult();
    }

    private TimeSpan Patience =>
        _cancelled.IsCancellationRequested && _patience > s_patienceWhenCancelled ? s_patienceWhenCancelled : _patience;

    private void End()
    {
        _ended.Set();
        _stopping.Dispose();
    }

    private sealed class Loading(StartWatch watch, IProgress<LoadProgress>? other) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value)
        {
            watch.Tick();
            other?.Report(value);
        }
    }

    private async Task AbandonAsync<T>(Task<T> starting, Func<T, ValueTask> undo)
    {
        _ = _stopping.CancelAsync();
        await ((Task)starting).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (starting.IsCompletedSuccessfully)
            await undo(await starting.ConfigureAwait(false)).ConfigureAwait(false);
    }
}
