using System.Collections.Immutable;
using Akka.Actor;
using AkkaCp.Actors.Cluster;
using AkkaCp.Actors.Edge;
using AkkaCp.Actors.Logging;
using AkkaCp.Actors.Protocol;
using AkkaCp.Model;
using AkkaCp.Settings;
using Microsoft.Extensions.Logging;

namespace AkkaCp.Actors;

/// <summary>Uses a cluster without being a member: finds the coordinator through the seeds of <c>akka-cp.cluster</c>.</summary>
public sealed class ClientPlane : ControlPlane
{
    private readonly ImmutableArray<string> _seeds;

    private ClientPlane(EngineSettings settings, ActorSystem system, ModelFacts model, SeedTroubles troubles, Action<ClusterWait> waiting)
        : base(
            EdgeRules.Of(settings.Cluster, () => $"{troubles} of cluster {settings.Cluster.Name}"),
            new ClientFacts(model, ProtocolVersion.Current), waiting)
    {
        System = system;
        _seeds = settings.Cluster.Seeds;
        Locator = system.ActorOf(SeedLocator.Props(_seeds), "seeds");
        Requests.Attach(system, Locator);
    }

    internal override ActorSystem System { get; }

    private protected override IActorRef Locator { get; }

    /// <summary>Opens a port of its own, on the host of <c>akka-cp.cluster</c> and a free port.</summary>
    /// <param name="settings">Names the seeds.</param>
    /// <param name="loggers">Takes the log. Default: nowhere.</param>
    /// <param name="model">The model that requests are made for; the cluster refuses them if it has another one. Default: none, for a
    /// client that makes no requests.</param>
    /// <param name="waiting">Hears, on an actor's thread, of a request that waits for the cluster, 2 s after it began to; must not block.
    /// Default: nobody.</param>
    /// <exception cref="SettingsException">No seeds are named, or a certificate cannot be read.</exception>
    public static ClientPlane Start(
        EngineSettings settings, ILoggerFactory? loggers = null, ModelFacts? model = null, Action<ClusterWait>? waiting = null)
    {
        ArgumentNullException.ThrowIfNull(settings);
        if (settings.Cluster.Seeds.IsEmpty)
            throw new SettingsException(["akka-cp.cluster.seeds: expected addresses host:port of the cluster's nodes, found none"]);
        var callbacks = Callbacks.Of(loggers);
        var logger = callbacks.CreateLogger(LogCategories.Engine);
        var told = callbacks.Guard(nameof(ClusterWait), waiting);
        var system = ListeningSystem.OfClient(settings, callbacks);
        return new ClientPlane(
            settings, system, model ?? ModelFacts.None, SeedTroubles.Watch(system, settings.Cluster.Seeds), wait =>
            {
                logger.LogWarning("A request waits: {Wait}", wait);
                told?.Invoke(wait);
            });
    }

    /// <summary>Each seed, with what it says of itself; also while there is no coordinator.</summary>
    public async Task<ImmutableArray<SeedReport>> SeedsAsync(TimeSpan timeout, CancellationToken cancellationToken = default) =>
        [.. await Task.WhenAll(_seeds.Select(seed => ClusterQuestions.SeedAsync(System, seed, timeout, cancellationToken)))
            .ConfigureAwait(false)];

    /// <summary>Lets every node of the cluster measure its way to every other one.</summary>
    /// <param name="nodes">The nodes, as <see cref="ControlPlane.StatusAsync"/> gave them.</param>
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
                reports.Add(await ClusterQuestions.ReachAsync(System, from, to, timeout, cancellationToken).ConfigureAwait(false));
        }

        return reports.ToImmutable();
    }

    private protected override async Task StopOnceAsync(TimeSpan drain)
    {
        _ = Requests.Close();
        await Task.WhenAny(Requests.AllEndedAsync(), Task.Delay(drain)).ConfigureAwait(false);
        await System.Terminate().ConfigureAwait(false);
        Requests.EndAll();
    }
}
