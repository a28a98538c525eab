using System.Collections.Immutable;

namespace AkkaCp.Actors.Nodes;

/// <summary>
/// Which shards a node has ready. Loads one set of ranks at a time; outlives the actors, so that a node which joins again finds its
/// weights loaded, or their loading under way. Safe for use by any number of threads.
/// </summary>
#pragma warning disable CA1001 // Sources without timers hold nothing that needs disposal.
internal sealed class ShardLoader(IRankHost host)
#pragma warning restore CA1001
{
    private readonly Lock _lock = new();
    private CancellationTokenSource _stop = new();
    private Task _loading = Task.CompletedTask;
    private ImmutableArray<int> _target;
    private ImmutableArray<int> _loaded = [];
    private LoadedHashes _hashes = LoadedHashes.None;
    private double _progress;

    /// <summary>Ranks whose shards are ready, and the hashes of all that was loaded last.</summary>
    public (ImmutableArray<int> Ranks, LoadedHashes Hashes) Ready
    {
        get
        {
            lock (_lock)
                return (_loaded, _hashes);
        }
    }

    /// <summary>Loaded share of the ranks that were asked for last, 0 to 1.</summary>
    public double Progress => Volatile.Read(ref _progress);

    /// <summary>Makes exactly these ranks ready; others that are being loaded are given up first.</summary>
    /// <param name="ranks">The ranks.</param>
    /// <param name="free">Ends when no pipeline uses any more what is loaded.</param>
    /// <returns>Ends when they are ready; cancelled when others were asked for meanwhile.</returns>
    public Task LoadAsync(ImmutableArray<int> ranks, Task free)
    {
        lock (_lock)
        {
            if (!_target.IsDefault && _target.SequenceEqual(ranks) && !_loading.IsFaulted)
                return _loading;
            _stop.Cancel();
            _stop = new CancellationTokenSource();
            _target = ranks;
            _loaded = [.. _loaded.Intersect(ranks)];
            Volatile.Write(ref _progress, 0);
            return _loading = LoadAfterAsync(Task.WhenAll(_loading, free), ranks, _stop.Token);
        }
    }

    /// <summary>Gives up what is being loaded.</summary>
    public void Stop()
    {
        lock (_lock)
            _stop.Cancel();
    }

    private async Task LoadAfterAsync(Task before, ImmutableArray<int> ranks, CancellationToken stop)
    {
        await before.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default)
            .ConfigureAwait(false);
        stop.ThrowIfCancellationRequested();
        await host.LoadAsync(ranks, new Share(this, stop), stop).ConfigureAwait(false);
        var hashes = LoadedHashes.Of(host.Hashes);
        lock (_lock)
        {
            stop.ThrowIfCancellationRequested();
            (_loaded, _hashes) = (ranks, hashes);
            Volatile.Write(ref _progress, 1);
        }
    }

    /// <summary>Notes progress at once, in order, and of the current load only.</summary>
    private sealed class Share(ShardLoader loader, CancellationToken stop) : IProgress<double>
    {
        public void Report(double value)
        {
            if (!stop.IsCancellationRequested)
                Volatile.Write(ref loader._progress, Math.Clamp(value, 0, 1));
        }
    }
}
