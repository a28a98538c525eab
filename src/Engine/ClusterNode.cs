using AkkaCp.Actors;
using AkkaCp.Actors.Logging;
using AkkaCp.Actors.Protocol;
using AkkaCp.Engine.Composition;
using AkkaCp.Engine.Ranks;
using AkkaCp.Settings;

namespace AkkaCp.Engine;

/// <summary>
/// This process as a node of a cluster: it joins, loads the ranks that it is given, and runs them until it is stopped. Clients reach the
/// cluster with an <see cref="InferenceEngine"/> whose configuration names the same seeds.
/// </summary>
public sealed class ClusterNode : IAsyncDisposable
{
    private readonly NodePlane _node;
    private readonly RankHost _ranks;
    private readonly IDisposable _claim;
    private readonly TimeSpan _drain;
    private readonly Callbacks _callbacks;
    private int _disposed;

    private ClusterNode(NodePlane node, RankHost ranks, IDisposable claim, TimeSpan drain, Callbacks callbacks)
    {
        _claim = claim;
        _callbacks = callbacks;
        _node = node;
        _ranks = ranks;
        _drain = drain;
        Completion = _node.Completion;
    }

    /// <summary>The node's name in its cluster.</summary>
    public string Name => _ranks.Offer.Name;

    /// <summary>Control-plane address as other nodes reach it, <c>host:port</c>.</summary>
    public string Control => _node.Control;

    /// <summary>Data-plane address as other nodes reach it, <c>host:port</c>.</summary>
    public string Data => _ranks.Offer.DataEndpoint;

    /// <summary>What it is doing.</summary>
    public NodeStatus Status => _node.Status;

    /// <summary>How often callbacks of the program have thrown (loggers, state changes). The first of each kind is in the log.</summary>
    public long CallbackFailures => _callbacks.Failures;

    /// <summary>Ends when the node has stopped; faulted when it cannot go on, such as when its shards cannot be loaded.</summary>
    public Task Completion { get; }

    /// <summary>Opens both ports and begins to join; loading follows when the cluster has given it ranks.</summary>
    /// <param name="options">As for an engine; <c>akka-cp.cluster</c> and <c>akka-cp.transport</c> of the configuration say where.</param>
    /// <param name="stateChanged">Hears of each change of the node's state; must not block. Default nobody.</param>
    /// <param name="cancellationToken">Ends the start, also one that hangs.</param>
    /// <exception cref="SettingsException">The configuration is wrong, asks for memory that is not there, or a port cannot be
    /// opened.</exception>
    /// <exception cref="Text.Files.ModelFormatException">A file of the model is missing or malformed.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static async Task<ClusterNode> StartAsync(
        EngineOptions options, Action<NodeStatus>? stateChanged = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        options = options.Guarded();
        var spec = EngineSpec.CreateForNode(options);
        var ports = NodePlace.ControlPorts(spec.Settings.Cluster);
        var (typed, tensors) = spec.OverFiles();
        var (sized, claim) = MemoryClaims.OfMachine.Claim(typed, SystemLimits.Read());
        try
        {
            var node = await StartWatch.RunAsync(
                spec.Settings.Scheduler.StartTimeout, spec.Resources,
                watch => StartAsync(sized, claim, tensors, ports, options, stateChanged, watch),
                started => started.DisposeAsync(), cancellationToken).ConfigureAwait(false);
            spec.Files.Forget();
            return node;
        }
        catch
        {
            claim.Dispose();
            throw;
        }
    }

    /// <summary>Leaves the cluster: its ranks go to other nodes, running requests go on there. Then frees all memory.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        try
        {
            await _node.StopAsync(_drain).ConfigureAwait(false);
        }
        finally
        {
            await _ranks.DisposeAsync().ConfigureAwait(false);
            _claim.Dispose();
        }
    }

    private static async Task<ClusterNode> StartAsync(
        EngineSpec spec, IDisposable claim, string tensors, IReadOnlyList<int> ports, EngineOptions options,
        Action<NodeStatus>? stateChanged, StartWatch watch)
    {
        watch.Enter("the ports were opened");
        foreach (var port in ports.SkipLast(1))
        {
            try
            {
                return await StartAsync(NodePlace.At(spec, port), claim, tensors, options, stateChanged).ConfigureAwait(false);
            }
            catch (SettingsException)
            {
                // Another node took the port since it was seen free; with any other reason the last port fails too.
            }
        }

        return await StartAsync(NodePlace.At(spec, ports[^1]), claim, tensors, options, stateChanged).ConfigureAwait(false);
    }

    private static async Task<ClusterNode> StartAsync(
        EngineSpec spec, IDisposable claim, string tensors, EngineOptions options, Action<NodeStatus>? stateChanged)
    {
        var loggers = Callbacks.Of(options.LoggerFactory);
        var logger = loggers.CreateLogger(LogCategories.Engine);
        var plane = NodePlace.OpenDataPlane(spec.Settings, logger);
        IAsyncDisposable held = plane;
        try
        {
            var ranks = new RankHost(spec, tensors, plane, logger);
            held = ranks;
            var node = NodePlane.Start(spec.Settings, ranks.Options(loggers, stateChanged));
            return new ClusterNode(node, ranks, claim, spec.Settings.Scheduler.DrainTimeout, loggers);
        }
        catch
        {
            await held.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }
}
