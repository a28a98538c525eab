using AkkaCp.Actors.Logging;
using AkkaCp.Model.Weights;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AkkaCp.Engine;

/// <summary>
/// Owns the engine of a host: starts loading with it, in the background, and lets the engine end its requests before anything else of the
/// host stops, so that a web server still listens and can tell new ones why. A model that does not load stops the host, and everyone who
/// waits for the engine gets the reason.
/// </summary>
public sealed class EngineHost : IHostedLifecycleService, IAsyncDisposable
{
    private readonly IOptions<EngineOptions> _options;
    private readonly Callbacks _callbacks;
    private readonly Action<Exception> _stopHost;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource<InferenceEngine> _engine = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _loading = Task.CompletedTask;
    private int _disposed;

    /// <summary>Made by the container.</summary>
    public EngineHost(IOptions<EngineOptions> options, ILoggerFactory loggers, IHostApplicationLifetime lifetime)
    {
        _options = options;
        ArgumentNullException.ThrowIfNull(lifetime);
        _callbacks = Callbacks.Of(loggers);
        _stopHost = _callbacks.Guard<Exception>(nameof(IHostApplicationLifetime), _ => lifetime.StopApplication())!;
    }

    /// <summary>Whether the engine is there, and how it is; null while it loads.</summary>
    public EngineHealth? Health => Loaded?.Health;

    /// <summary>Asks how the engine is, as a readiness probe does; null while it loads, or when it did not load.</summary>
    /// <param name="timeout">How long a cluster may take to answer.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<EngineHealth?> CheckHealthAsync(TimeSpan timeout, CancellationToken cancellationToken = default) =>
        Loaded is { } engine ? await engine.CheckHealthAsync(timeout, cancellationToken).ConfigureAwait(false) : null;

    /// <summary>How much of the weights is loaded, 0 to 1.</summary>
    public double LoadProgress { get; private set; }

    /// <summary>The engine; null while it loads.</summary>
    internal InferenceEngine? Loaded => _engine.Task.IsCompletedSuccessfully ? _engine.Task.Result : null;

    /// <summary>The engine, when it has loaded.</summary>
    /// <exception cref="OperationCanceledException">Cancelled, or the host stopped before.</exception>
    public Task<InferenceEngine> GetEngineAsync(CancellationToken cancellationToken = default) =>
        _engine.Task.WaitAsync(cancellationToken);

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        _loading = Task.Run(LoadAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task StoppingAsync(CancellationToken cancellationToken) => await DisposeAsync().ConfigureAwait(false);

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedLifecycleService.StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedLifecycleService.StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedLifecycleService.StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _loading.ConfigureAwait(false);
        if (_engine.Task.IsCompletedSuccessfully)
            await (await _engine.Task.ConfigureAwait(false)).DisposeAsync().ConfigureAwait(false);
        else
            _engine.TrySetCanceled();
        _stopping.Dispose();
    }

    private async Task LoadAsync()
    {
        try
        {
            var options = _options.Value;
            options = options with
            {
                LoggerFactory = options.LoggerFactory ?? _callbacks,
                LoadProgress = new Loading(this, options.LoadProgress),
            };
            var engine = await InferenceEngine.StartAsync(options, _stopping.Token).ConfigureAwait(false);
            LoadProgress = 1;
            _engine.SetResult(engine);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            _engine.TrySetCanceled(_stopping.Token);
        }
#pragma warning disable CA1031 // Whatever keeps the model from loading must reach those who wait, and stop the host.
        catch (Exception error)
#pragma warning restore CA1031
        {
            _engine.TrySetException(error);
            _callbacks.CreateLogger<EngineHost>().LogCritical(error, "The engine did not start.");
            _stopHost(error);
        }
    }

    private sealed class Loading(EngineHost host, IProgress<LoadProgress>? next) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value)
        {
            host.LoadProgress = (double)value.BytesDone / Math.Max(1, value.BytesTotal);
            next?.Report(value);
        }
    }
}
