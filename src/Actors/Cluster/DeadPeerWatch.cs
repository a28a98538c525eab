using System.Net.Sockets;
using Akka.Actor;
using Akka.Cluster;
using Akka.Event;
using Akka.Remote;
using AkkaCp.Actors.Links;
using AkkaCp.Actors.Protocol;

namespace AkkaCp.Actors.Cluster;

/// <summary>
/// Tells a process that is dead, of a node or a client, from one that is only silent. When a connection to it breaks, its control port is
/// tried; a machine that refuses the connection has no process there any more. A member is given up at once then, where silence takes the
/// failure detector and the resolver a quarter of a minute; and coordinator and node hear of it, so that nobody computes for a client that
/// is gone.
/// </summary>
/// <remarks>
/// A machine that vanishes refuses nothing, and a cut link lets nothing through; both are left to the failure detector, and clients to
/// their lease. A firewall that refuses in a machine's place can make both sides give each other up, which harms nobody: see
/// docs/cluster.md.
/// </remarks>
internal sealed class DeadPeerWatch : ReceiveActor, IWithTimers
{
    // One refusal may meet a process that is about to listen again. A node that takes longer than all of these to begin a new membership
    // has left the old one by itself, and only the old one is given up.
    private const int Refusals = 3;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);

    // The kernel closes a dead process's sockets one after another: its port may answer once more.
    private const int Answers = 2;
    private static readonly TimeSpan s_dying = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);

    private readonly IActorRef _coordinator;
    private readonly IActorRef _node;
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly Akka.Cluster.Cluster _cluster = Akka.Cluster.Cluster.Get(Context.System);
    private readonly HashSet<Suspected> _suspects = [];

    /// <summary>Made through <see cref="Props"/>.</summary>
    public DeadPeerWatch(IActorRef coordinator, IActorRef node)
    {
        (_coordinator, _node) = (coordinator, node);
        Receive<DisassociatedEvent>(broken => Suspect(broken.RemoteAddress));
        Receive<Try>(attempt => TryPort(attempt).PipeTo(Self));
        Receive<Answer>(Hear);
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>How a node starts it.</summary>
    /// <param name="coordinator">The coordinator, or who knows it.</param>
    /// <param name="node">The node's actor.</param>
    public static Props Props(IActorRef coordinator, IActorRef node) => Akka.Actor.Props.Create(() => new DeadPeerWatch(coordinator, node));

    /// <inheritdoc/>
    protected override void PreStart() => Context.System.EventStream.Subscribe(Self, typeof(DisassociatedEvent));

    /// <remarks>Whoever is no member is a client, or a node that is not in yet; of these the address is all that is known.</remarks>
    private void Suspect(Address address)
    {
        var member = _cluster.State.Members.FirstOrDefault(member => member.Address == address)?.UniqueAddress;
        var suspected = new Suspected(address, member);
        if (address.Port is not null && address != _cluster.SelfAddress && _suspects.Add(suspected))
            Self.Tell(new Try(suspected, 0, 0));
    }

    private static async Task<Answer> TryPort(Try attempt)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        using var patience = new CancellationTokenSource(s_patience);
        try
        {
            await socket.ConnectAsync(attempt.Peer.Address.Host!.Trim('[', ']'), attempt.Peer.Address.Port!.Value, patience.Token);
            return new Answer(attempt, IsRefused: false);
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException)
        {
            return new Answer(attempt, error is SocketException { SocketErrorCode: SocketError.ConnectionRefused });
        }
    }

    private void Hear(Answer answer)
    {
        var (peer, refused, answered) = answer.Attempt;
        (refused, answered) = answer.IsRefused ? (refused + 1, answered) : (0, answered + 1);
        if (refused < Refusals && answered < Answers)
        {
            Timers.StartSingleTimer(peer, new Try(peer, refused, answered), answer.IsRefused ? s_pause : s_dying);
            return;
        }

        _suspects.Remove(peer);
        if (refused == Refusals)
            GiveUp(peer);
    }

    private void GiveUp(Suspected peer)
    {
        if (peer.Member is { } member && !TryDown(member))
            return;

        // Again while Akka tries its port and finds it closed: the coordinator may be another by now.
        var died = new NodeProtocol.Died(ControlAddress.Text(peer.Address));
        _coordinator.Tell(died);
        _node.Tell(died);
    }

    /// <remarks>A node that has been started again at the address meanwhile is another one.</remarks>
    private bool TryDown(UniqueAddress node)
    {
        if (_cluster.State.Members.FirstOrDefault(member => member.UniqueAddress.Equals(node)) is not { } member)
            return false;
        if (member.Status != MemberStatus.Down)
        {
            _log.Warning("{0} refuses connections: its process is dead", ControlAddress.Text(node.Address));
            _cluster.Down(node.Address);
        }

        return true;
    }

    private sealed record Suspected(Address Address, UniqueAddress? Member);

    private sealed record Try(Suspected Peer, int Refused, int Answered) : INoSerializationVerificationNeeded;

    private sealed record Answer(Try Attempt, bool IsRefused) : INoSerializationVerificationNeeded;
}
