using System.Net;
using System.Net.Sockets;
using AkkaCp.Collectives.Setup;

namespace AkkaCp.Collectives.Connecting;

/// <summary>Which addresses may carry data: loopback without further ado, any other under TLS or when the operator insists.</summary>
internal static class AddressRule
{
    /// <summary>The address that a host stands for.</summary>
    /// <exception cref="ArgumentException">It has none, or one that plain TCP must not use.</exception>
    public static IPAddress Resolve(string host, DataPlaneOptions options)
    {
        var address = Find(host);
        return IPAddress.IsLoopback(address) || options.Tls is not null || options.Insecure
            ? address
            : throw new ArgumentException(
                $"{host}: expected a loopback address, TLS files, or insecure = on; found {address} and plain TCP", nameof(host));
    }

    private static IPAddress Find(string host)
    {
        if (IPAddress.TryParse(host, out var address))
            return address;

        try
        {
            return Dns.GetHostAddresses(host) is [var first, ..]
                ? first
                : throw new ArgumentException($"{host}: has no address", nameof(host));
        }
        catch (SocketException unknown)
        {
            throw new ArgumentException($"{host}: {unknown.Message}", nameof(host), unknown);
        }
    }
}
