using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using AkkaCp.Collectives.Setup;
using AkkaCp.Collectives.Wire;

namespace AkkaCp.Collectives.Connecting;

/// <summary>Makes one connection to a process's data port.</summary>
internal static class Dialer
{
    /// <summary>One attempt, in bounded time.</summary>
    /// <param name="peer">The process.</param>
    /// <param name="hello">What to say.</param>
    /// <param name="options">TLS and limits.</param>
    /// <param name="answer">What the other side said; NotYet, too, when it could not be reached.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The connection, if it is welcome; the caller disposes it.</returns>
    public static Connection? TryDial(
        PeerEndpoint peer, Hello hello, DataPlaneOptions options, out HelloAnswer answer, CancellationToken cancellationToken)
    {
        Socket? socket = null;
        Connection? connection = null;
        try
        {
            var address = AddressRule.Resolve(peer.Host, options);
            socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            SocketSetup.Prepare(socket, options, options.HandshakeTimeout);
            connection = Greet(socket, new IPEndPoint(address, peer.Port), peer.Host, hello, options, out answer, cancellationToken);
        }
        catch (ArgumentException forbidden)
        {
            answer = HelloAnswer.Refused(forbidden.Message);
        }
        catch (TlsFilesException ours)
        {
            // They may be about to be replaced.
            answer = HelloAnswer.NotYet(ours.Message);
        }
        catch (AuthenticationException untrusted)
        {
            answer = HelloAnswer.Refused($"TLS: {NodeTls.ReasonOf(untrusted)}");
        }
        catch (ProtocolException stranger)
        {
            answer = HelloAnswer.Refused($"not a data port: {stranger.Message}");
        }
        catch (Exception broken) when (broken is IOException or SocketException or ObjectDisposedException)
        {
            answer = HelloAnswer.NotYet(options.Tls is null ? broken.Message : $"{broken.Message} (or it does not accept the certificate)");
        }

        if (connection is null)
            socket?.Dispose();

        return connection;
    }

    private static Connection? Greet(
        Socket socket, IPEndPoint address, string host, Hello hello, DataPlaneOptions options, out HelloAnswer answer,
        CancellationToken cancellationToken)
    {
        // Bounds the attempt as a whole; the socket's own limits bound each step of it only.
        using var limit = new Timer(_ => socket.Dispose(), null, options.HandshakeTimeout, Timeout.InfiniteTimeSpan);
        using var cancelled = cancellationToken.UnsafeRegister(_ => socket.Dispose(), null);
        socket.Connect(address);
        var connection = new Connection(socket, options.Tls is { } files
            ? NodeTls.Dial(new NetworkStream(socket, ownsSocket: false), host, files)
            : null);
        answer = Handshake.Ask(connection, hello);
        connection.Patience = options.LivenessTimeout;
        return answer.Verdict == HelloVerdict.Welcome ? connection : null;
    }
}
