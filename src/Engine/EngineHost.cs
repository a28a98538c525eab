using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AkkaCp.Engine;

/// <summary>
/// Owns the engine of a host: starts loading with it, in the background, and disposes the engine when it stops. A model that does
/// not load stops the host, and everyone who waits for the engine gets the reason.
/// </summary>
public sealed class EngineHost : IHostedService, IAsyncDisposable
{
    private readonly IOptions<EngineOptions> _options;
    private readonly ILoggerFactory _loggers;
    private readonly IHostApplicationLifetime _lifetime;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource<InferenceEngine> _engine = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _loading = Task.CompletedTask;
    private int _disposed;

    /// <summary>Made by the container.</summary>
    public EngineHost(IOptions<EngineOptions> options, ILoggerFactory loggers, IHostApplicationLifetime lifetime)
    {
        _options = options;
        _loggers = loggers;
        _lifetime = lifetime;
    }

    /// <summary>Whether the engine is there, and how it is; null while it loads.</summary>
    public EngineHealth? Health => _engine.Task.IsCompletedSuccessfully ? _engine.Task.Result.Health : null;

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
    public async Task StopAsync(CancellationToken cancellationToken) => await DisposeAsync().ConfigureAwait(false);

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
            var engine = await InferenceEngine.StartAsync(
                options with { LoggerFactory = options.LoggerFactory ?? _loggers }, _stopping.Token).ConfigureAwait(false);
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
            _loggers.CreateLogger<EngineHost>().LogCritical(error, "The engine did not start.");
            _engine.TrySetException(error);
            _lifetime.StopApplication();
        }
    }
}
