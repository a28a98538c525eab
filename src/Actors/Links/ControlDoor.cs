using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using AkkaCp.Collectives.Connecting;
using AkkaCp.Collectives.Setup;
using Google.Protobuf;

namespace AkkaCp.Actors.Links;

/// <summary>
/// Where the control plane lets connections in. Until one has shown its certificate, where TLS is on, and Akka has answered its greeting,
/// it has one of few places, a fixed time, and no memory beyond that greeting.
/// </summary>
internal sealed class ControlDoor : IDisposable
{
    // A flood waits here, in order; the kernel cuts it to what it allows.
    private const int Backlog = 4096;
    private const int MostGreetingBytes = 4096;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(10);

    private readonly CancellationTokenSource _closed = new();
    private readonly Socket _socket;
    private readonly TlsFiles? _tls;
    private readonly TurnedAway _turnedAway;
    private readonly HandshakePlaces _places;
    private readonly Func<Socket, Stream, ControlLink> _linkOf;

    /// <param name="address">Bound exactly.</param>
    /// <param name="rules">Limits of handshakes.</param>
    /// <param name="tls">Files for TLS; null for none.</param>
    /// <param name="turnedAway">Told of those that are turned away.</param>
    /// <param name="linkOf">Makes the link of a connection.</param>
    /// <exception cref="SocketException">It cannot be bound.</exception>
    public ControlDoor(
        IPEndPoint address, HandshakeRules rules, TlsFiles? tls, TurnedAway turnedAway, Func<Socket, Stream, ControlLink> linkOf)
    {
        (_tls, _turnedAway, _linkOf) = (tls, turnedAway, linkOf);
        _places = new HandshakePlaces(rules, TimeProvider.System);
        _socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (address.AddressFamily == AddressFamily.InterNetworkV6)
                _socket.DualMode = false;
            _socket.Bind(address);
            _socket.Listen(Backlog);
        }
        catch
        {
            _socket.Dispose();
            throw;
        }

        Port = ((IPEndPoint)_socket.LocalEndPoint!).Port;
    }

    /// <summary>The port that it got.</summary>
    public int Port { get; }

    /// <summary>Lets connections in, one after the other, until it is disposed.</summary>
    /// <param name="welcome">Takes a connection that has said its greeting, and the greeting; ends with the connection.</param>
    public async Task LetInAsync(Func<ControlLink, ByteString, Task> welcome)
    {
        while (!_closed.IsCancellationRequested)
        {
            try
            {
                var newcomer = await _socket.AcceptAsync(_closed.Token).ConfigureAwait(false);
                var place = await EnterAsync(newcomer).ConfigureAwait(false);
                _ = ServeAsync(newcomer, place, welcome);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception failed) when (failed is SocketException or ObjectDisposedException)
            {
                // The newcomer left between knocking and being let in, or there are no handles left, which a pause may mend.
                await Task.Delay(s_pause).ConfigureAwait(false);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _closed.Cancel();
        _socket.Dispose();
        _places.Clear();
    }

    private async Task<HandshakePlace> EnterAsync(Socket newcomer)
    {
        try
        {
            return await _places.EnterAsync(_closed.Token).ConfigureAwait(false);
        }
        catch
        {
            newcomer.Dispose();
            throw;
        }
    }

    private async Task ServeAsync(Socket newcomer, HandshakePlace place, Func<ControlLink, ByteString, Task> welcome)
    {
        using var _ = newcomer;
        using var __ = place;
        var remote = newcomer.RemoteEndPoint?.ToString() ?? "unknown";
        try
        {
            await GreetAsync(newcomer, place, welcome).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            _turnedAway.Note(remote, place.WasShownOut
                ? "others wanted its place"
                : "it said too little in its time");
        }
        catch (AuthenticationException untrusted)
        {
            _turnedAway.Note(remote, $"TLS: {NodeTls.ReasonOf(untrusted)}");
        }
        catch (Exception stranger) when (stranger is IOException or SocketException or InvalidDataException or ObjectDisposedException)
        {
            _turnedAway.Note(remote, stranger.Message);
        }
    }

    private async Task GreetAsync(Socket newcomer, HandshakePlace place, Func<ControlLink, ByteString, Task> welcome)
    {
        newcomer.NoDelay = true;
        if (await newcomer.ReceiveAsync(new byte[1], SocketFlags.Peek, place.Over).ConfigureAwait(false) == 0)
        {
            // Somebody looked whether the port is open, as DeadPeerWatch does.
            return;
        }

        place.HasSpoken = true;

        Stream stream = new NetworkStream(newcomer);
        if (_tls is not null)
            stream = await NodeTls.AcceptAsync(stream, _tls, place.Over).ConfigureAwait(false);
        var link = _linkOf(newcomer, stream);
        var greeting = await link.FirstAsync(MostGreetingBytes, place.Over).ConfigureAwait(false);

        // Akka answers a greeting that it understands, and closes the connection of any other.
        using var late = place.Over.UnsafeRegister(_ => link.Abort(), null);
        link.Answering = () =>
        {
            link.Answering = null;
            place.Dispose();
        };
        await welcome(link, greeting).ConfigureAwait(false);
    }
}
