using System.Diagnostics;
using Akka.Actor;
using Akka.Cluster;
using Akka.Cluster.Tools.Singleton;
using Akka.Event;
using Akka.Remote;
using AkkaCp.Actors.Coordinator;
using AkkaCp.Actors.Links;
using AkkaCp.Actors.Nodes;
using AkkaCp.Actors.Protocol;
using AkkaCp.Settings;

namespace AkkaCp.Actors.Cluster;

/// <summary>
/// One membership of a node: an actor system from its join to the moment when it leaves, or when the cluster has given it up. The node
/// begins a new one then.
/// </summary>
internal sealed class NodeLife
{
    private const string Coordinator = "coordinator";
    private const string Singleton = "singleton";

    // Nodes ask each other's by this name, so it is part of the protocol.
    private const string HealerName = "islands";

    // How long the next coordinator waits for one that was given up, which may live and not know it. Two of them harm nobody.
    private static readonly TimeSpan s_removalMargin = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan s_leaveTime = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(100);

    // Whose coordinator has left, too, closes its ranks by itself after this.
    private static readonly TimeSpan s_lastCoordinator = TimeSpan.FromSeconds(2);

    private readonly TaskCompletionSource<string> _over = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Akka.Cluster.Cluster _cluster;

    private NodeLife(ActorSystem system, EngineSettings settings, NodeContext node, CoordinatorContext coordinator)
    {
        System = system;
        _cluster = Akka.Cluster.Cluster.Get(system);
        coordinator.Control = ControlAddress.Of(system);
        coordinator.ClusterSize = () => _cluster.State.Members.Count(member => member.Status is MemberStatus.Up);
        coordinator.TryYield = () => TryYield(node, coordinator.ClusterSize());
        var troubles = SeedTroubles.Watch(system, settings.Cluster.Seeds);
        node.Asked = () => $"{troubles} of cluster {settings.Cluster.Name}";
        StartCoordinator(coordinator);
        var toCoordinator = StartProxy();
        Node = system.ActorOf(NodeActor.Props(node, toCoordinator), NodeProtocol.ActorName);
        system.ActorOf(DeadPeerWatch.Props(toCoordinator, Node), "dead-peers");
        system.ActorOf(PartitionHealer.Props(settings, why => _over.TrySetResult(why)), HealerName);
        _cluster.RegisterOnMemberRemoved(() => _over.TrySetResult("the cluster has shut this node out"));
        system.EventStream.Subscribe(system.ActorOf(Props.Create(() => new QuarantineWatch(_over)), "quarantine"),
            typeof(ThisActorSystemQuarantinedEvent));
        Join(settings);
    }

    /// <summary>Its actor system.</summary>
    public ActorSystem System { get; }

    /// <summary>The node's actor.</summary>
    public IActorRef Node { get; }

    /// <summary>Ends with the reason why the cluster has given the node up.</summary>
    public Task<string> Over => _over.Task;

    /// <summary>Begins to join.</summary>
    public static NodeLife Begin(ActorSystem system, EngineSettings settings, NodeContext node, CoordinatorContext coordinator) =>
        new(system, settings, node, coordinator);

    /// <summary>Hands the ranks to other nodes, leaves the cluster, and ends; all in bounded time, and soon where nobody stays.</summary>
    public async Task LeaveAsync()
    {
        if (System.WhenTerminated.IsCompleted)
            return;
        using var stop = new CancellationTokenSource();
        try
        {
            var closed = Node.Ask<NodeProtocol.Left>(NodeProtocol.Leave.Instance, s_leaveTime);
            await (await Task.WhenAny(closed, NobodyStaysAsync(s_lastCoordinator, stop.Token)).ConfigureAwait(false)).ConfigureAwait(false);
            var left = CoordinatedShutdown.Get(System).Run(CoordinatedShutdown.ClusterLeavingReason.Instance)
                .WaitAsync(s_leaveTime, stop.Token);
            await (await Task.WhenAny(left, NobodyStaysAsync(TimeSpan.Zero, stop.Token)).ConfigureAwait(false)).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is AskTimeoutException or TimeoutException)
        {
            System.Log.Warning("the node leaves without a farewell: {0}", exception.Message);
        }

        await stop.CancelAsync().ConfigureAwait(false);
        await EndAsync().ConfigureAwait(false);
    }

    /// <summary>Ends when every other member has been about to leave for a while: ranks and coordinator have nobody to go to.</summary>
    private async Task NobodyStaysAsync(TimeSpan time, CancellationToken cancellationToken)
    {
        var since = Stopwatch.StartNew();
        while (since.Elapsed < time || !NobodyStays())
        {
            await Task.Delay(s_look, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (cancellationToken.IsCancellationRequested)
                return;
            if (!NobodyStays())
                since.Restart();
        }
    }

    private bool NobodyStays() => _cluster.IsTerminated || _cluster.State.Members.All(
        member => member.Address == _cluster.SelfAddress || member.Status is MemberStatus.Leaving or MemberStatus.Exiting
            or MemberStatus.Down);

    /// <summary>Ends at once: nobody is there to say farewell to.</summary>
    public Task EndAsync() => System.Terminate();

    /// <summary>
    /// A node whose facts are not the group's leads nobody but itself: it begins a new membership, and an older node leads. Once, for if
    /// all others are gone then, its own facts are the measure.
    /// </summary>
    private bool TryYield(NodeContext node, int clusterSize)
    {
        if (!node.IsOutsider || clusterSize < 2)
            return false;
        node.IsOutsider = false;
        return _over.TrySetResult("its facts are not the group's, so another node is to be the coordinator");
    }

    private void StartCoordinator(CoordinatorContext coordinator) => System.ActorOf(
        ClusterSingletonManager.Props(
            CoordinatorActor.Props(coordinator), CoordinatorProtocol.HandOver.Instance,
            ClusterSingletonManagerSettings.Create(System).WithRole(ListeningSystem.Role).WithSingletonName(Singleton)
                .WithRemovalMargin(s_removalMargin)),
        Coordinator);

    /// <remarks>Nothing is kept for a coordinator that is not found: heartbeats are stale after a second.</remarks>
    private IActorRef StartProxy() => System.ActorOf(
        ClusterSingletonProxy.Props(
            $"/user/{Coordinator}",
            ClusterSingletonProxySettings.Create(System).WithRole(ListeningSystem.Role).WithSingletonName(Singleton).WithBufferSize(0)),
        "to-coordinator");

    private void Join(EngineSettings settings)
    {
        if (settings.Cluster.Seeds.IsEmpty)
            _cluster.Join(_cluster.SelfAddress);
        else
            System.ActorOf(JoinWatch.Props(ListeningSystem.SeedsOf(System, settings.Cluster)), "joining");
    }

    private sealed class QuarantineWatch : ReceiveActor
    {
        public QuarantineWatch(TaskCompletionSource<string> over) => Receive<ThisActorSystemQuarantinedEvent>(
            quarantined => over.TrySetResult($"{quarantined.RemoteAddress} does not listen to this node any more"));
    }
}
