using System.Collections.Immutable;
using Akka.Actor;
using Akka.Cluster;
using Akka.Event;
using AkkaCp.Actors.Links;
using AkkaCp.Actors.Protocol;
using AkkaCp.Settings;

namespace AkkaCp.Actors.Cluster;

/// <summary>
/// Looks for seeds that are not members of this node's cluster: after a cut, two sides may each have formed one, and Akka never joins
/// them. The smaller side gives up its own and joins the other; of equals, the one whose first address is larger.
/// </summary>
internal sealed class PartitionHealer : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(5);

    private readonly ImmutableArray<Address> _seeds;
    private readonly Action<string> _yield;
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly Akka.Cluster.Cluster _cluster = Akka.Cluster.Cluster.Get(Context.System);

    /// <summary>Made through <see cref="Props"/>.</summary>
    public PartitionHealer(EngineSettings settings, Action<string> yield)
    {
        (_seeds, _yield) = (ListeningSystem.SeedsOf(Context.System, settings.Cluster), yield);
        Receive<Look>(_ => LookAround());
        Receive<NodeProtocol.ClusterView>(Compare);
        Receive<NodeProtocol.AskClusterView>(_ => Sender.Tell(Own()));
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>How a node starts it.</summary>
    /// <param name="settings">Names the seeds.</param>
    /// <param name="yield">Called when the node is to join another cluster; gets the reason.</param>
    public static Props Props(EngineSettings settings, Action<string> yield) =>
        Akka.Actor.Props.Create(() => new PartitionHealer(settings, yield));

    /// <inheritdoc/>
    protected override void PreStart() => Timers.StartPeriodicTimer(Look.Instance, Look.Instance, s_pause);

    private void LookAround()
    {
        if (_cluster.IsTerminated || _cluster.SelfMember.Status is not MemberStatus.Up)
            return;
        var members = _cluster.State.Members.Select(member => member.Address).ToHashSet();
        foreach (var seed in _seeds)
        {
            if (!members.Contains(seed))
                Context.ActorSelection(new RootActorPath(seed) / "user" / Self.Path.Name).Tell(NodeProtocol.AskClusterView.Instance);
        }
    }

    private void Compare(NodeProtocol.ClusterView other)
    {
        var own = Own();
        if (other.Size == 0 || own.Size == 0 || other.First == own.First)
            return;
        if (other.Size < own.Size || (other.Size == own.Size && string.CompareOrdinal(other.First, own.First) > 0))
            return;
        _log.Warning("there is another cluster of {0} nodes at {1}; this one has {2}", other.Size, other.First, own.Size);
        _yield($"another cluster of the same name is at {other.First}");
    }

    /// <summary>This node's cluster as it sees it; of no size before it is a full member, for then there is nothing to give up.</summary>
    private NodeProtocol.ClusterView Own()
    {
        if (_cluster.IsTerminated || _cluster.SelfMember.Status is not MemberStatus.Up)
            return new NodeProtocol.ClusterView(0, "");
        var seen = _cluster.State.Members.Where(member => member.Status is MemberStatus.Up && !_cluster.State.Unreachable.Contains(member));
        var addresses = seen.Select(member => ControlAddress.Text(member.Address)).Order(StringComparer.Ordinal).ToList();
        return new NodeProtocol.ClusterView(addresses.Count, addresses.FirstOrDefault(""));
    }

    private sealed class Look : INoSerializationVerificationNeeded
    {
        public static readonly Look Instance = new();
    }
}
