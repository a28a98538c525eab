using System.Net;
using System.Net.Sockets;
using AkkaCp.Settings;

namespace AkkaCp.Actors.Cluster;

/// <summary>Whether a host's name is one of this node's, however it is spelt.</summary>
public static class SameHost
{
    /// <summary>Whether it is the address that the node listens on, or by which others reach it.</summary>
    /// <param name="host">A name or an address, without brackets.</param>
    /// <param name="cluster">The node's settings.</param>
    public static bool Is(string host, ClusterSettings cluster)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        string[] own = [cluster.Host, cluster.EffectiveAdvertise];
        return own.Contains(host, StringComparer.OrdinalIgnoreCase)
            || own.SelectMany(Addresses).Intersect(Addresses(host)).Any();
    }

    private static IPAddress[] Addresses(string host)
    {
        if (IPAddress.TryParse(host.Trim('[', ']'), out var address))
            return [address];
        try
        {
            return Dns.GetHostAddresses(host);
        }
        catch (SocketException)
        {
            return [];
        }
    }
}
