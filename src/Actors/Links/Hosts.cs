using System.Net;
using System.Net.Sockets;

namespace AkkaCp.Actors.Links;

/// <summary>Addresses of hosts.</summary>
internal static class Hosts
{
    /// <summary>The address that a host stands for; of several an IPv4 one, so that all processes of a machine find the same.</summary>
    /// <exception cref="SocketException">Its name has none.</exception>
    public static async Task<IPAddress> FindAsync(string host, CancellationToken cancellationToken)
    {
        if (IPAddress.TryParse(host.Trim('[', ']'), out var address))
            return address;
        var found = await Dns.GetHostAddressesAsync(host, cancellationToken).ConfigureAwait(false);
        return found.FirstOrDefault(one => one.AddressFamily == AddressFamily.InterNetwork)
            ?? found.FirstOrDefault()
            ?? throw new SocketException((int)SocketError.HostNotFound);
    }
}
