using System.Collections.Immutable;
using System.Diagnostics;
using Akka.Actor;
using AkkaCp.Actors.Cluster;
using AkkaCp.Actors.Edge;
using AkkaCp.Actors.Links;
using AkkaCp.Actors.Logging;
using AkkaCp.Actors.Nodes;
using AkkaCp.Actors.Protocol;
using AkkaCp.Model;
using AkkaCp.Scheduling.Requests;
using AkkaCp.Settings;
using Microsoft.Extensions.Logging;

namespace AkkaCp.Actors;

/// <summary>
/// Uses a cluster without being a member: finds the coordinator through the seeds of <c>akka-cp.cluster</c>. Safe for use by any number of
/// threads.
/// </summary>
public sealed class CpClient : IAsyncDisposable
{
    private readonly EngineSettings _settings;
    private readonly ActorSystem _system;
    private readonly IActorRef _locator;
    private readonly OpenRequests _requests;
    private readonly ILogger _logger;
    private readonly Action<ClusterWait>? _waiting;

    private CpClient(
        EngineSettings settings, ActorSystem system, ILoggerFactory loggers, ModelFacts model, Action<ClusterWait>? waiting)
    {
        (_settings, _system, _waiting) = (settings, system, waiting);
        _logger = loggers.CreateLogger(LogCategories.Engine);
        _locator = system.ActorOf(SeedLocator.Props(settings.Cluster.Seeds), "seeds");
        var troubles = SeedTroubles.Watch(system, settings.Cluster.Seeds);
        _requests = new OpenRequests(
            EdgeRules.Of(settings.Cluster, () => $"{troubles} of cluster {settings.Cluster.Name}"),
            new ClientFacts(model, ProtocolVersion.Current), Waits);
        _requests.Attach(system, _locator);
    }

    /// <summary>For tests.</summary>
    internal ActorSystem System => _system;

    /// <summary>Opens a port of its own, on the host of <c>akka-cp.cluster</c> and a free port.</summary>
    /// <param name="settings">Names the seeds.</param>
    /// <param name="loggers">Takes the log. Default: nowhere.</param>
    /// <param name="model">The model that requests are made for; the cluster refuses them if it has another one. Default: none, for a
    /// client that makes no requests.</param>
    /// <param name="waiting">Hears, on an actor's thread, of a request that waits for the cluster, 2 s after it began to; must not block.
    /// Default: nobody.</param>
    /// <exception cref="SettingsException">No seeds are named, or a certificate cannot be read.</exception>
    public static CpClient Start(
        EngineSettings settings, ILoggerFactory? loggers = null, ModelFacts? model = null, Action<ClusterWait>? waiting = null)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var callbacks = Callbacks.Of(loggers);
        return settings.Cluster.Seeds.IsEmpty
            ? throw new SettingsException(["akka-cp.cluster.seeds: expected addresses host:port of the cluster's nodes, found none"])
            : new CpClient(
                settings, ControlPlane.StartClient(settings, callbacks), callbacks, model ?? ModelFacts.None,
                callbacks.Guard(nameof(ClusterWait), waiting));
    }

    /// <summary>Runs one request on the cluster; the same contract as <see cref="CpNode.Submit"/>. Fails after
    /// <c>cluster.wait-for-nodes</c> when no coordinator is found.</summary>
    public IAsyncEnumerable<GenerationProtocol.IReply> Submit(
        GenerationProtocol.Submit request, LogitsRowTaker? rows = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(request.Sampling);
        return _requests.RunAsync(request, rows, cancellationToken);
    }

    /// <summary>Asks the coordinator for the whole cluster; null when no coordinator is found in time.</summary>
    public Task<ClusterStatus?> StatusAsync(TimeSpan timeout, CancellationToken cancellationToken = default) =>
        ClusterQuestions.StatusAsync(_locator, timeout, cancellationToken);

    /// <summary>Each seed, with what it says of itself; also while there is no coordinator.</summary>
    public async Task<ImmutableArray<SeedReport>> SeedsAsync(TimeSpan timeout, CancellationToken cancellationToken = default) =>
        [.. await Task.WhenAll(_settings.Cluster.Seeds.Select(seed => SeedAsync(seed, timeout, cancellationToken))).ConfigureAwait(false)];

    /// <summary>Lets every node of the cluster measure its way to every other one.</summary>
    /// <param name="nodes">The nodes, as <see cref="StatusAsync"/> gave them.</param>
    /// <param name="timeout">Bounds each measurement.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <remarks>One node measures at a time, and one way at a time: together they would measure each other.</remarks>
    public async Task<ImmutableArray<ReachReport>> ReachAsync(
        ImmutableArray<NodeReport> nodes, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        var reports = ImmutableArray.CreateBuilder<ReachReport>();
        foreach (var from in nodes)
        {
            foreach (var to in nodes.Where(to => to.Offer.Name != from.Offer.Name))
                reports.Add(await ReachAsync(from, to, timeout, cancellationToken).ConfigureAwait(false));
        }

        return reports.ToImmutable();
    }

    /// <summary>Ends the client; running requests end with a terminal reply.</summary>
    public async ValueTask DisposeAsync()
    {
        _ = _requests.Close();
        await _system.Terminate().ConfigureAwait(false);
        _requests.EndAll();
    }

    private void Waits(ClusterWait wait)
    {
        _logger.LogWarning("A request waits: {Wait}", wait);
        try
        {
            _waiting?.Invoke(wait);
        }
#pragma warning disable CA1031 // The program's callback must not end the request.
        catch (Exception error)
#pragma warning restore CA1031
        {
            _logger.LogError(error, "the program's callback for a waiting request threw");
        }
    }

    private async Task<SeedReport> SeedAsync(string seed, TimeSpan timeout, CancellationToken cancellationToken)
    {
        try
        {
            var node = _system.ActorSelection(NodeProbe.NodePath(_system, seed));
            await node.Ask<NodeProtocol.Located>(NodeProtocol.Locate.Instance, timeout, cancellationToken).ConfigureAwait(false);
            var start = Stopwatch.GetTimestamp();
            var located = await node.Ask<NodeProtocol.Located>(NodeProtocol.Locate.Instance, timeout, cancellationToken)
                .ConfigureAwait(false);
            var coordinator = located.Coordinator is { } found ? ControlAddress.Text(found.Path.Address) : "";
            return new SeedReport(seed, Stopwatch.GetElapsedTime(start), located.Status, coordinator);
        }
        catch (AskTimeoutException)
        {
            return new SeedReport(seed, TimeSpan.Zero, null, "");
        }
    }

    private async Task<ReachReport> ReachAsync(
        NodeReport from, NodeReport to, TimeSpan timeout, CancellationToken cancellationToken)
    {
        try
        {
            var node = _system.ActorSelection(NodeProbe.NodePath(_system, from.Control));
            var probed = await node.Ask<NodeProtocol.Probed>(
                new NodeProtocol.Probe(to.Control, to.Offer.DataEndpoint), timeout, cancellationToken).ConfigureAwait(false);
            return new ReachReport(from.Offer.Name, to.Offer.Name, probed.Control, probed.Data);
        }
        catch (AskTimeoutException)
        {
            return new ReachReport(
                from.Offer.Name, to.Offer.Name, TimeSpan.Zero, new DataLink(TimeSpan.Zero, 0, $"{from.Offer.Name} did not answer"));
        }
    }
}
