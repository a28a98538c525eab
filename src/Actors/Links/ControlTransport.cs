using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using Akka.Actor;
using Akka.Configuration;
using Akka.Remote.Transport;
using AkkaCp.Collectives.Connecting;
using AkkaCp.Collectives.Setup;
using Google.Protobuf;

namespace AkkaCp.Actors.Links;

/// <summary>
/// How Akka's messages travel between processes: TCP, under TLS where it is on. It takes the place of Akka's own transport, which lets any
/// number of strangers in, for ever, and before they have shown a certificate.
/// </summary>
#pragma warning disable CA1001 // Akka ends a transport with Shutdown.
internal sealed class ControlTransport : Akka.Remote.Transport.Transport
#pragma warning restore CA1001
{
    private const int MostHandshakes = 64;

    // As long as Akka gives an association; a flooded port takes its time to accept.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(15);

    private readonly TaskCompletionSource<IAssociationEventListener> _listener = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentDictionary<ControlLink, bool> _links = new();
    private readonly TlsFiles? _tls;
    private readonly TurnedAway _turnedAway;
    private readonly TimeSpan _connectPatience;
    private Address _local = Address.AllSystems;
    private ControlDoor? _door;
    private volatile bool _isClosed;

    /// <summary>Made by Akka, by the name in akka.conf.</summary>
    public ControlTransport(ActorSystem system, Config config)
    {
        (System, Config) = (system, config);
        _tls = system.Settings.Setup.Get<ControlLinkSetup>() is { HasValue: true } setup ? setup.Value.Tls : null;
        _turnedAway = new TurnedAway(Akka.Event.Logging.GetLogger(system, typeof(ControlDoor)), TimeProvider.System);
        SchemeIdentifier = _tls is null ? "tcp" : "ssl.tcp";
        MaximumPayloadBytes = config.GetByteSize("maximum-frame-size")
            ?? throw new ConfigurationException("maximum-frame-size: expected a size");
        _connectPatience = config.GetTimeSpan("connection-timeout");
    }

    /// <inheritdoc/>
    public override async Task<(Address, TaskCompletionSource<IAssociationEventListener>)> Listen()
    {
        var host = Config.GetString("hostname");
        var address = await Hosts.FindAsync(host, CancellationToken.None).ConfigureAwait(false);
        _door = new ControlDoor(
            new IPEndPoint(address, Config.GetInt("port")), new HandshakeRules { Most = MostHandshakes }, _tls, _turnedAway, LinkOf);
        _local = new Address(SchemeIdentifier, System.Name, ControlAddress.Host(Config.GetString("public-hostname")), _door.Port);
        _ = LetInAsync(_door);
        return (_local, _listener);
    }

    /// <inheritdoc/>
    public override bool IsResponsibleFor(Address remote) => true;

    /// <inheritdoc/>
    /// <exception cref="InvalidAssociationException">It cannot be reached.</exception>
    public override async Task<AssociationHandle> Associate(Address remoteAddress)
    {
        try
        {
            return await DialAsync(remoteAddress).ConfigureAwait(false);
        }
        catch (Exception failed) when (failed is SocketException or IOException or AuthenticationException or OperationCanceledException)
        {
            var reason = ReasonOf(failed);
            Publish(remoteAddress, reason);
            throw new InvalidAssociationException($"{remoteAddress}: {reason}", failed);
        }
    }

    /// <inheritdoc/>
    public override async Task<bool> Shutdown()
    {
        _isClosed = true;
        _door?.Dispose();
        await Task.WhenAll(_links.Keys.Select(link => link.EndAsync())).ConfigureAwait(false);
        return true;
    }

    private async Task LetInAsync(ControlDoor door)
    {
        var listener = await _listener.Task.ConfigureAwait(false);
        await door.LetInAsync((link, greeting) =>
        {
            if (Greeting.TryRead(greeting) is not { } stranger)
                throw new InvalidDataException("it does not greet as Akka does");

            // It is answered, and learns the name so.
            if (stranger.System != System.Name)
                _turnedAway.Note(stranger.Address, $"it is of cluster {stranger.System}, not {System.Name} (akka-cp.cluster.name)");
            listener.Notify(new InboundAssociation(link));
            return ReceiveAsync(link, greeting);
        }).ConfigureAwait(false);
    }

    private async Task<ControlLink> DialAsync(Address remote)
    {
        using var patience = new CancellationTokenSource(_connectPatience);
        var host = remote.Host!.Trim('[', ']');
        var address = await Hosts.FindAsync(host, patience.Token).ConfigureAwait(false);
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(address, remote.Port!.Value, patience.Token).ConfigureAwait(false);
            patience.CancelAfter(s_patience);
            Stream stream = new NetworkStream(socket);
            if (_tls is not null)
                stream = await NodeTls.DialAsync(stream, host, _tls, patience.Token).ConfigureAwait(false);
            var link = new ControlLink(_local, remote, socket, stream, (int)MaximumPayloadBytes)
            {
                // One that is misnamed gets no messages, but it may send its own this way: the connection stays.
                Greeted = answer => Publish(remote, Greeting.TryRead(answer)?.DifferenceTo(remote)),
            };
            _ = ReceiveAsync(link, greeting: null);
            return link;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>A connection of a stranger: what it calls itself comes with its greeting.</summary>
    private ControlLink LinkOf(Socket socket, Stream stream)
    {
        var remote = (IPEndPoint)socket.RemoteEndPoint!;
        return new ControlLink(
            _local, new Address(SchemeIdentifier, System.Name, ControlAddress.Host(remote.Address.ToString()), remote.Port), socket, stream,
            (int)MaximumPayloadBytes);
    }

    private async Task ReceiveAsync(ControlLink link, ByteString? greeting)
    {
        _links[link] = true;
        if (_isClosed)
            _ = link.EndAsync();
        await link.ReceiveAsync(greeting).ConfigureAwait(false);
        _links.TryRemove(link, out _);
        if (!_isClosed && !link.HasHeard)
            Publish(link.RemoteAddress, Silence);
    }

    private void Publish(Address remote, string? problem) => System.EventStream.Publish(new Dialled(remote, problem));

    private string Silence => _tls is null
        ? "it closed the connection without an answer; does it want TLS?"
        : "it closed the connection without an answer; does it trust this certificate?";

    private static string ReasonOf(Exception failed) => failed switch
    {
        SocketException socket => DialProblem.Of(socket),
        AuthenticationException untrusted => $"TLS: {NodeTls.ReasonOf(untrusted)}",
        OperationCanceledException => DialProblem.NoAnswer,
        _ => $"it broke the handshake off ({failed.Message}); does it have TLS, and trust this certificate?",
    };
}
