using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using AkkaCp.Actors.Settings;
using AkkaCp.Engine.Composition;
using AkkaCp.Transport;
using Microsoft.Extensions.Logging;

namespace AkkaCp.Engine.Cluster;

/// <summary>
/// Which ports a node takes. Nodes of one machine can share one configuration: who finds the control port taken takes the next of the
/// seeds that has the same host, and a data port that is not fixed is any free one, for peers are told of it.
/// </summary>
internal static class NodePlace
{
    private const int DefaultDataPort = 4054;

    /// <summary>Control ports to try, in order: the configured one, then those of the seeds that have the same host.</summary>
    /// <exception cref="CpSettingsException">All are taken.</exception>
    public static IReadOnlyList<int> ControlPorts(ClusterSettings cluster)
    {
        var ports = SeedPorts(cluster).Prepend(cluster.Port).Distinct().ToList();
        var free = ports.Where(port => IsFree(cluster.Host, port)).ToList();
        return free.Count > 0 ? free : throw new CpSettingsException(
            [$"akka-cp.cluster.port: expected a port of {cluster.Host} that is free, found {string.Join(", ", ports)} taken"]);
    }

    /// <summary>The plan of a node at this control port.</summary>
    public static EnginePlan At(EnginePlan plan, int port) => plan with
    {
        Settings = plan.Settings with
        {
            Cluster = plan.Settings.Cluster with { Port = port == 0 ? FreePort(plan.Settings.Cluster.Host) : port },
        },
    };

    /// <summary>The node's end of the data plane.</summary>
    /// <exception cref="CpSettingsException">The port cannot be opened, or a certificate cannot be read.</exception>
    public static IDataPlane OpenDataPlane(CpSettings settings, ILogger logger)
    {
        var (cluster, transport) = (settings.Cluster, settings.Transport);
        var host = transport.Host ?? cluster.Host;
        try
        {
            return DataPlane.Open(
                new DataPlaneOptions
                {
                    Host = host,
                    Port = transport.Port is { } port ? port : IsFree(host, DefaultDataPort) ? DefaultDataPort : 0,
                    AdvertisedHost = transport.Advertise ?? cluster.Advertise,
                    Insecure = transport.Insecure,
                    Tls = TlsOf(transport.Tls),
                },
                logger);
        }
        catch (Exception error) when (error is SocketException or IOException or ArgumentException or CryptographicException)
        {
            throw new CpSettingsException([$"akka-cp.transport: the data port of {host} cannot be opened: {error.Message}"]);
        }
    }

    private static TlsFiles? TlsOf(TlsSettings tls) => tls.IsOn
        ? new TlsFiles { CertificateFile = tls.Certificate!, KeyFile = tls.Key, Password = tls.Password, AuthorityFile = tls.Ca! }
        : null;

    private static IEnumerable<int> SeedPorts(ClusterSettings cluster)
    {
        foreach (var seed in cluster.Seeds)
        {
            if (PeerEndpoint.TryParse(seed, out var endpoint) && endpoint.Host == cluster.Host)
                yield return endpoint.Port;
        }
    }

    private static int FreePort(string host)
    {
        using var listener = Listen(host, 0);
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static bool IsFree(string host, int port)
    {
        try
        {
            Listen(host, port).Dispose();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static TcpListener Listen(string host, int port)
    {
        var address = IPAddress.TryParse(host, out var parsed) ? parsed : Dns.GetHostAddresses(host)[0];
        var listener = new TcpListener(address, port);
        listener.Start();
        return listener;
    }
}
