using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using AkkaCp.Collectives.Links;
using AkkaCp.Collectives.Setup;
using AkkaCp.Collectives.Wire;

namespace AkkaCp.Collectives.Connecting;

/// <summary>
/// Takes connections on one address. Each gets a thread, on which its handshake runs and, when it is welcome, its frames are received.
/// Until it is welcome it has a fixed time, a fixed buffer, and one of a fixed number of places.
/// </summary>
internal sealed class Listener : IDisposable
{
    // A flood waits here, in order; the kernel cuts it to what it allows.
    private const int Backlog = 4096;

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(10);

    private readonly ManualResetEventSlim _closed = new();
    private readonly DataPlaneOptions _options;
    private readonly RefusalLog _refusals;
    private readonly Func<Hello, Connection, Admission> _admit;
    private readonly Socket _socket;
    private readonly Task _accepting;
    private readonly HandshakePlaces _places;
    private readonly CancellationTokenSource _stop = new();

    /// <param name="address">Bound exactly.</param>
    /// <param name="options">Port, limits, TLS.</param>
    /// <param name="refusals">Told of those that are turned away.</param>
    /// <param name="admit">Decides on a hello; where it is welcome, the thread runs what comes with the decision.</param>
    /// <exception cref="SocketException">The address cannot be bound.</exception>
    public Listener(IPAddress address, DataPlaneOptions options, RefusalLog refusals, Func<Hello, Connection, Admission> admit)
    {
        _options = options;
        _refusals = refusals;
        _admit = admit;
        _places = new HandshakePlaces(
            new HandshakeRules { Most = options.MaxPendingHandshakes, Limit = options.HandshakeTimeout }, TimeProvider.System);
        _socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        if (address.AddressFamily == AddressFamily.InterNetworkV6)
        {
            // Exactly this address: no IPv4 through the same port.
            _socket.DualMode = false;
        }

        SocketSetup.SizeBuffers(_socket, options);
        _socket.Bind(new IPEndPoint(address, options.Port));
        _socket.Listen(Backlog);
        Bound = (IPEndPoint)_socket.LocalEndPoint!;
        _accepting = DataThread.Start("data accept", AcceptAll);
    }

    /// <summary>The address and the port that it got.</summary>
    public IPEndPoint Bound { get; }

    public void Dispose()
    {
        if (_stop.IsCancellationRequested)
            return;
        _closed.Set();
        _stop.Cancel();
        _socket.Dispose();
        _places.Clear();
        _accepting.Wait();
        _closed.Dispose();
        _stop.Dispose();
    }

    private void AcceptAll()
    {
        while (!_closed.IsSet)
        {
            try
            {
                Take(_socket.Accept());
            }
            catch (Exception failed) when (failed is SocketException or ObjectDisposedException)
            {
                // Closed from outside, or the newcomer left between knocking and being let in, or there are no handles left, which a
                // pause may mend.
                _closed.Wait(s_pause);
            }
        }
    }

    private void Take(Socket newcomer)
    {
        try
        {
            var place = _places.EnterAsync(_stop.Token).GetAwaiter().GetResult();
            _ = DataThread.Start($"data from {Remote(newcomer)}", () => Serve(newcomer, place));
        }
        catch (OperationCanceledException)
        {
            newcomer.Dispose();
        }
    }

    private void Serve(Socket newcomer, HandshakePlace place)
    {
        using var _ = newcomer;
        using var __ = place;
        Admission? admission;

        // Bounds the handshake as a whole; the socket's own limits bound each byte of it only.
        using (place.Over.UnsafeRegister(_ => newcomer.Dispose(), null))
            admission = Greet(newcomer, place);

        // A welcome that waits for its work has left the door; a probe stands in it.
        if (admission?.IsProbe == true)
            place.Keep();
        else
            place.Dispose();
        admission?.Work?.Invoke();
    }

    private Admission? Greet(Socket newcomer, HandshakePlace place)
    {
        var remote = Remote(newcomer);
        try
        {
            SocketSetup.Prepare(newcomer, _options, _options.HandshakeTimeout);
            place.HasSpoken = newcomer.Receive(new byte[1], SocketFlags.Peek) > 0;
            var connection = new Connection(newcomer, _options.Tls is { } files
                ? NodeTls.Accept(new NetworkStream(newcomer, ownsSocket: false), files)
                : null);
            var hello = Handshake.Hear(connection, out var problem);
            var admission = hello is null
                ? new Admission(HelloAnswer.Refused(problem!), null, RefusalKind.Mismatch)
                : _admit(hello, connection);
            if (admission.Refusal is { } kind)
                _refusals.Refused(kind, remote, admission.Answer.Reason);

            Handshake.Answer(connection, admission.Answer);
            connection.Patience = _options.LivenessTimeout;
            return admission;
        }
        catch (AuthenticationException untrusted)
        {
            _refusals.Refused(RefusalKind.Certificate, remote, NodeTls.ReasonOf(untrusted));
        }
        catch (Exception stranger) when (stranger is ProtocolException or InvalidDataException or EndOfStreamException)
        {
            _refusals.Refused(RefusalKind.Stranger, remote, stranger.Message);
        }
        catch (Exception broken) when (broken is IOException or SocketException or ObjectDisposedException)
        {
            _refusals.Refused(place.WasShownOut ? RefusalKind.Crowd : RefusalKind.Silent, remote, place.WasShownOut
                ? $"{_options.MaxPendingHandshakes} handshakes under way, and others wanted its place"
                : $"no greeting within {_options.HandshakeTimeout.TotalSeconds:0.#} s, or it broke off");
        }

        return null;
    }

    private static string Remote(Socket socket)
    {
        try
        {
            return socket.RemoteEndPoint?.ToString() ?? "unknown";
        }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
        {
            return "unknown";
        }
    }
}
