using System.Net.Sockets;
using Akka.Actor;
using Akka.Cluster;
using Akka.Event;
using Akka.Remote;
using AkkaCp.Actors.Protocol;

namespace AkkaCp.Actors.Cluster;

/// <summary>
/// Tells a node that is dead from one that is only silent. When a connection to a member breaks, the member's control port is tried; a
/// machine that refuses the connection has no process there any more. Such a member is given up at once, where silence takes the failure
/// detector and the resolver a quarter of a minute, and the coordinator hears of it.
/// </summary>
/// <remarks>
/// A machine that vanishes refuses nothing, and a cut link lets nothing through; both are left to the failure detector. A firewall that
/// refuses in a machine's place can make both sides give each other up, which harms nobody: see docs/cluster.md.
/// </remarks>
internal sealed class DeadNodeWatch : ReceiveActor, IWithTimers
{
    // One refusal may meet a process that is about to listen again. A node that takes longer than all of these to begin a new membership
    // has left the old one by itself, and only the old one is given up.
    private const int Tries = 3;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);

    private readonly IActorRef _coordinator;
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly Akka.Cluster.Cluster _cluster = Akka.Cluster.Cluster.Get(Context.System);
    private readonly HashSet<UniqueAddress> _suspects = [];

    /// <summary>Made through <see cref="Props"/>.</summary>
    public DeadNodeWatch(IActorRef coordinator)
    {
        _coordinator = coordinator;
        Receive<DisassociatedEvent>(broken => Suspect(broken.RemoteAddress));
        Receive<Try>(attempt => TryPort(attempt).PipeTo(Self));
        Receive<Answer>(Hear);
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>How a node starts it.</summary>
    /// <param name="coordinator">The coordinator, or who knows it.</param>
    public static Props Props(IActorRef coordinator) => Akka.Actor.Props.Create(() => new DeadNodeWatch(coordinator));

    /// <inheritdoc/>
    protected override void PreStart() => Context.System.EventStream.Subscribe(Self, typeof(DisassociatedEvent));

    private void Suspect(Address address)
    {
        var member = _cluster.State.Members.FirstOrDefault(member => member.Address == address);
        if (member is not null && member.Address != _cluster.SelfAddress && _suspects.Add(member.UniqueAddress))
            Self.Tell(new Try(member.UniqueAddress, 1));
    }

    private static async Task<Answer> TryPort(Try attempt)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        using var patience = new CancellationTokenSource(s_patience);
        try
        {
            await socket.ConnectAsync(attempt.Node.Address.Host!, attempt.Node.Address.Port!.Value, patience.Token);
            return new Answer(attempt, IsRefused: false);
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException)
        {
            return new Answer(attempt, error is SocketException { SocketErrorCode: SocketError.ConnectionRefused });
        }
    }

    private void Hear(Answer answer)
    {
        var (node, number) = answer.Attempt;
        if (answer.IsRefused && number < Tries)
        {
            Timers.StartSingleTimer(node, new Try(node, number + 1), s_pause);
            return;
        }

        _suspects.Remove(node);
        if (answer.IsRefused)
            GiveUp(node);
    }

    /// <remarks>A node that has been started again at the address meanwhile is another one.</remarks>
    private void GiveUp(UniqueAddress node)
    {
        if (_cluster.State.Members.FirstOrDefault(member => member.UniqueAddress.Equals(node)) is not { } member)
            return;
        if (member.Status != MemberStatus.Down)
        {
            _log.Warning("{0} refuses connections: its process is dead", ControlPlane.Text(node.Address));
            _cluster.Down(node.Address);
        }

        // Again while Akka tries its port and finds it closed: the coordinator may be another by now.
        _coordinator.Tell(new NodeProtocol.Died(ControlPlane.Text(node.Address)));
    }

    private sealed record Try(UniqueAddress Node, int Number) : INoSerializationVerificationNeeded;

    private sealed record Answer(Try Attempt, bool IsRefused) : INoSerializationVerificationNeeded;
}
