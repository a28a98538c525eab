using System.Net;
using System.Net.Sockets;

namespace AkkaCp.Testing;

/// <summary>
/// Ports that a test may give to a process that is yet to start. They lie below the range from which the system serves everyone who asks
/// for any port, so that none of those takes one meanwhile.
/// </summary>
public static class FreePorts
{
    private const int First = 20_500;
    private const int Count = 10_000;

    // Other test processes begin elsewhere.
    private static int s_next = Random.Shared.Next(Count);

    /// <summary>A port that nobody listens on at the moment; another one at each call.</summary>
    public static int Take(IPAddress host)
    {
        for (var tries = 0; tries < Count; tries++)
        {
            var port = First + (int)((uint)Interlocked.Increment(ref s_next) % Count);
            if (CanListen(host, port))
                return port;
        }

        throw new InvalidOperationException($"expected a free port of {host} in {First}..{First + Count - 1}, found none");
    }

    private static bool CanListen(IPAddress host, int port)
    {
        try
        {
            using var listener = new TcpListener(host, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
