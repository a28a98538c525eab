using AkkaCp.Actors;
using AkkaCp.Actors.Edge;
using AkkaCp.Engine.Composition;
using AkkaCp.Engine.Generation;
using AkkaCp.Model;
using AkkaCp.Scheduling.Requests;
using AkkaCp.Settings;
using AkkaCp.Text.Files;

namespace AkkaCp.Engine.Cluster;

/// <summary>The ranks of a cluster, used from outside: this process holds no weights.</summary>
internal sealed class ClusterBackend : IGenerationBackend
{
    private readonly CpClient _client;
    private readonly ClusterHealth _health;

    private ClusterBackend(CpClient client, int ranks)
    {
        _client = client;
        _health = new ClusterHealth(client, ranks);
    }

    /// <inheritdoc/>
    public int LiveTensors => 0;

    /// <inheritdoc/>
    public EngineHealth Health => _health.Last;

    /// <inheritdoc/>
    public Task<EngineHealth> CheckHealthAsync(TimeSpan timeout, CancellationToken cancellationToken) =>
        _health.AskAsync(timeout, cancellationToken);

    /// <summary>Opens the client's port.</summary>
    /// <exception cref="SettingsException">A certificate cannot be read.</exception>
    /// <exception cref="ModelFormatException">A file of the model cannot be read.</exception>
    public static ClusterBackend Start(EnginePlan plan, EngineOptions options) => new(
        CpClient.Start(
            plan.Settings, options.LoggerFactory, ModelFacts.Read(plan.Directory), options.ClusterWait is { } told ? told.Report : null),
        plan.Topology.WorldSize);

    /// <inheritdoc/>
    public IAsyncEnumerable<GenerationProtocol.IReply> Submit(
        GenerationProtocol.Submit request, LogitsRow? rows, CancellationToken cancellationToken) =>
        _client.Submit(request, rows is null ? null : new LogitsRowTaker(rows), cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _client.DisposeAsync();
}
