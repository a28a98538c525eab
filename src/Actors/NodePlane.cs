using Akka.Actor;
using AkkaCp.Actors.Cluster;
using AkkaCp.Actors.Coordinator;
using AkkaCp.Actors.Edge;
using AkkaCp.Actors.Links;
using AkkaCp.Actors.Logging;
using AkkaCp.Actors.Nodes;
using AkkaCp.Actors.Protocol;
using AkkaCp.Settings;
using Microsoft.Extensions.Logging;

namespace AkkaCp.Actors;

/// <summary>
/// One process as a node of a cluster: joins it, loads and runs the ranks that it is given, and takes requests of its own clients.
/// When the cluster gives it up (a cut link, a long pause), it joins again with its weights loaded.
/// </summary>
public sealed class NodePlane : ControlPlane
{
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1);

    private readonly EngineSettings _settings;
    private readonly NodeContext _node;
    private readonly CoordinatorContext _coordinator;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger _logger;
    private readonly TaskCompletionSource _stopping = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly int _port;
    private volatile NodeLife _life;
    private volatile bool _isKilled;

    private NodePlane(EngineSettings settings, NodeOptions options, ActorSystem system)
        : base(EdgeRules.Of(settings.Cluster, () => "this node, which looks for one"), options.Host.Facts.ToClient())
    {
        var callbacks = Callbacks.Of(options.Loggers);
        (_settings, _loggers) = (settings, callbacks);
        _logger = _loggers.CreateLogger(LogCategories.Engine);
        _coordinator = CoordinatorSetup.Context(settings, options, settling: 2);
        _node = NodeContext.Of(options);
        Control = ControlAddress.Of(system);
        _port = ((ExtendedActorSystem)system).Provider.DefaultAddress.Port ?? ClusterSettings.DefaultPort;
        _life = Begin(system);
        Completion = LiveAsync();
    }

    /// <summary>What the node is doing.</summary>
    public NodeStatus Status => _node.Status;

    /// <summary>The control plane's address as other nodes reach it, <c>host:port</c>.</summary>
    public string Control { get; }

    /// <summary>Ends when the node has stopped; faulted when it cannot go on, such as when its shards cannot be loaded.</summary>
    public Task Completion { get; }

    /// <summary>For tests: the actor system of now.</summary>
    internal override ActorSystem System => _life.System;

    private protected override IActorRef Locator => _life.Node;

    /// <summary>Binds the control plane's port and begins to join.</summary>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="SettingsException">The port cannot be bound, or a certificate cannot be read.</exception>
    public static NodePlane Start(EngineSettings settings, NodeOptions options)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(options);
        return new NodePlane(
            settings, options, ListeningSystem.OfNode(settings, settings.Cluster.Port ?? ClusterSettings.DefaultPort, options.Loggers));
    }

    /// <summary>For tests: the node vanishes as a killed process does.</summary>
    internal Task KillAsync()
    {
        _isKilled = true;
        return StopAsync(TimeSpan.Zero);
    }

    private NodeLife Begin(ActorSystem system)
    {
        var life = NodeLife.Begin(system, _settings, _node, _coordinator);
        Requests.Attach(system, life.Node);
        return life;
    }

    /// <summary>Begins one membership after the other, until the node is stopped or cannot go on.</summary>
    private async Task LiveAsync()
    {
        await Task.Yield();
        while (await Task.WhenAny(_stopping.Task, _node.Failed, _life.Over).ConfigureAwait(false) == _life.Over)
        {
            var why = await _life.Over.ConfigureAwait(false);
            _logger.LogWarning("this node joins again: {Why}", why);
            _node.Publish(_node.Status with { State = NodeState.Joining, Message = why });
            Requests.Detach();
            await _life.EndAsync().ConfigureAwait(false);
            if (await RebindAsync().ConfigureAwait(false) is not { } system)
                break;
            _life = Begin(system);
        }

        await (_isKilled ? _life.EndAsync() : _life.LeaveAsync()).ConfigureAwait(false);
        Requests.EndAll();
        _node.Shards.Stop();
        _node.Publish(_node.Status with { State = NodeState.Stopped, Ranks = [] });
        if (_node.Failed.IsFaulted)
            await _node.Failed.ConfigureAwait(false);
    }

    /// <summary>The port is the node's name to the others; the system may hold it for a moment after the old one let it go.</summary>
    /// <returns>Null when the node was stopped meanwhile.</returns>
    private async Task<ActorSystem?> RebindAsync()
    {
        while (!_stopping.Task.IsCompleted)
        {
            try
            {
                return ListeningSystem.OfNode(_settings, _port, _loggers);
            }
            catch (SettingsException exception)
            {
                _logger.LogWarning("{Problem}; it is tried again", exception.Message);
                await Task.WhenAny(_stopping.Task, Task.Delay(s_pause)).ConfigureAwait(false);
            }
        }

        return null;
    }

    /// <remarks>Hands its ranks to other nodes.</remarks>
    private protected override async Task StopOnceAsync(TimeSpan drain)
    {
        var idle = Requests.Close();
        await Task.WhenAny(idle, Task.Delay(drain)).ConfigureAwait(false);
        _stopping.TrySetResult();
        await Completion.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
