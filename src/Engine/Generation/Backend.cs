using System.Collections.Immutable;
using AkkaCp.Actors;
using AkkaCp.Actors.Edge;
using AkkaCp.Actors.Logging;
using AkkaCp.Actors.Protocol;
using AkkaCp.Engine.Composition;
using AkkaCp.Engine.Ranks;
using AkkaCp.Model;
using AkkaCp.Scheduling.Requests;
using AkkaCp.Settings;
using AkkaCp.Text.Files;
using Microsoft.Extensions.Logging.Abstractions;

namespace AkkaCp.Engine.Generation;

/// <summary>The ranks of this process with the control plane above them, or the way to a cluster's.</summary>
internal sealed class Backend : IGenerationBackend
{
    private readonly ControlPlane _control;
    private readonly IHealthSource _health;
    private readonly RankHost? _ranks;
    private readonly IDisposable? _claim;
    private readonly TimeSpan _drain;

    private Backend(ControlPlane control, IHealthSource health, RankHost? ranks, TimeSpan drain, IDisposable? claim = null) =>
        (_control, _health, _ranks, _drain, _claim) = (control, health, ranks, drain, claim);

    /// <inheritdoc/>
    public int LiveTensors => _ranks?.LiveTensors ?? 0;

    /// <inheritdoc/>
    public EngineHealth Health => _health.Last;

    /// <summary>Opens a client's port where the settings name a cluster's seeds. Otherwise reads the weights, all ranks at once, and starts
    /// the actors.</summary>
    /// <exception cref="SettingsException">The weights have other dimensions than config.json, the memory that the settings ask for is not
    /// there, or a certificate cannot be read; nothing was taken.</exception>
    /// <exception cref="ModelFormatException">A file of the model cannot be read.</exception>
    /// <exception cref="TimeoutException">The start does not get on.</exception>
    public static async Task<Backend> StartAsync(EngineSpec spec, EngineOptions options, CancellationToken cancellationToken)
    {
        if (!spec.Settings.Cluster.Seeds.IsEmpty)
            return StartClient(spec, options);
        var (typed, tensors) = spec.OverFiles();
        var (sized, claim) = MemoryClaims.OfMachine.Claim(typed, SystemLimits.Read());
        try
        {
            return await StartWatch.RunAsync(
                spec.Settings.Scheduler.StartTimeout, spec.Resources, watch => StartInProcessAsync(sized, claim, tensors, options, watch),
                started => started.DisposeAsync(), cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            claim.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<GenerationProtocol.IReply> Submit(
        GenerationProtocol.Submit request, LogitsRow? rows, CancellationToken cancellationToken) =>
        _control.Submit(request, rows, cancellationToken);

    /// <inheritdoc/>
    public Task<EngineHealth> CheckHealthAsync(TimeSpan timeout, CancellationToken cancellationToken) =>
        _health.AskAsync(timeout, cancellationToken);

    /// <inheritdoc/>
    public Task<ClusterStatus?> StatusAsync(TimeSpan timeout, CancellationToken cancellationToken) =>
        _control.StatusAsync(timeout, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await _control.StopAsync(_drain).ConfigureAwait(false);
        }
        finally
        {
            if (_ranks is not null)
                await _ranks.DisposeAsync().ConfigureAwait(false);
            _claim?.Dispose();
        }
    }

    private static Backend StartClient(EngineSpec spec, EngineOptions options)
    {
        var client = ClientPlane.Start(
            spec.Settings, options.LoggerFactory, ModelFacts.Read(spec.Files), options.ClusterWait is { } told ? told.Report : null);
        return new Backend(client, new ClusterHealth(client, spec.Topology.WorldSize), ranks: null, spec.Settings.Scheduler.DrainTimeout);
    }

    private static async Task<Backend> StartInProcessAsync(
        EngineSpec spec, IDisposable claim, string tensors, EngineOptions options, StartWatch watch)
    {
        var loggers = options.LoggerFactory ?? NullLoggerFactory.Instance;
        var ranks = new RankHost(spec, tensors, plane: null, loggers.CreateLogger(LogCategories.Engine));
        IAsyncDisposable held = ranks;
        try
        {
            ImmutableArray<int> all = [.. Enumerable.Range(0, spec.Topology.WorldSize)];
            await ranks.LoadAsync(all, watch.Through(options.LoadProgress), watch.Stopping).ConfigureAwait(false);
            watch.Enter("the ranks were built");
            var control = InProcessPlane.Start(spec.Settings, ranks.Options(loggers));
            var started = new Backend(
                control, new OwnHealth(control, ranks, spec), ranks, spec.Settings.Scheduler.DrainTimeout, claim);
            held = started;
            await control.Ready.WaitAsync(watch.Stopping).ConfigureAwait(false);
            return started;
        }
        catch
        {
            await held.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }
}
