using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using AkkaCp.Actors.Cluster;
using AkkaCp.Actors.Links;
using AkkaCp.Collectives;
using AkkaCp.Collectives.Setup;
using AkkaCp.Settings;
using Microsoft.Extensions.Logging;

namespace AkkaCp.Engine.Composition;

/// <summary>
/// Which ports a node takes. Nodes of one machine can share one configuration: who finds a control port taken takes the next of the seeds
/// that has the same host, and a data port that is not fixed is any free one, for peers are told of it.
/// </summary>
internal static class NodePlace
{
    private const int DefaultDataPort = 4054;

    /// <summary>Control ports to try, in order: the configured one, then those of the seeds that have the same host.</summary>
    /// <exception cref="SettingsException">None can be opened.</exception>
    public static IReadOnlyList<int> ControlPorts(ClusterSettings cluster)
    {
        var ports = SeedPorts(cluster);
        if (cluster.Port is { } configured)
            ports = [configured, .. ports.Where(port => port != configured)];
        else if (ports.Count == 0)
            ports = [ClusterSettings.DefaultPort];
        var free = ports.Where(port => Problem(cluster.Host, port) is null).ToList();
        return free.Count > 0 ? free : throw new SettingsException([Problems(cluster.Host, ports)]);
    }

    /// <summary>The spec of a node at this control port.</summary>
    public static EngineSpec At(EngineSpec spec, int port) => spec with
    {
        Settings = spec.Settings with
        {
            Cluster = spec.Settings.Cluster with { Port = port == 0 ? FreePort(spec.Settings.Cluster.Host) : port },
        },
    };

    /// <summary>The node's end of the data plane.</summary>
    /// <exception cref="SettingsException">The port cannot be opened, or a certificate cannot be read.</exception>
    public static IDataPlane OpenDataPlane(EngineSettings settings, ILogger logger)
    {
        var (cluster, transport) = (settings.Cluster, settings.Transport);
        var host = transport.Host ?? cluster.Host;
        var port = transport.Port ?? DefaultPortOf(host, cluster);
        try
        {
            return DataPlane.Open(
                new DataPlaneOptions
                {
                    Host = host,
                    Port = port,
                    AdvertisedHost = transport.Advertise ?? cluster.Advertise,
                    Insecure = transport.Insecure,
                    Tls = TlsFilesCheck.FilesOf(transport.Tls),
                },
                logger);
        }
        catch (TlsFilesException unusable)
        {
            throw TlsFilesCheck.Refusal(transport.Tls, unusable);
        }
        catch (SocketException unheard)
        {
            throw new SettingsException([ListenProblem.Of("akka-cp.transport", host, port, unheard)]);
        }
        catch (Exception error) when (error is IOException or ArgumentException or CryptographicException)
        {
            throw new SettingsException([$"akka-cp.transport: the data port of {host} cannot be opened: {error.Message}"]);
        }
    }

    /// <remarks>A seed's port is for the node that is meant to have it.</remarks>
    private static int DefaultPortOf(string host, ClusterSettings cluster) =>
        !SeedPorts(cluster).Contains(DefaultDataPort) && Problem(host, DefaultDataPort) is null ? DefaultDataPort : 0;

    private static List<int> SeedPorts(ClusterSettings cluster)
    {
        var ports = new List<int>();
        foreach (var seed in cluster.Seeds)
        {
            if (PeerEndpoint.TryParse(seed, out var endpoint) && SameHost.Is(endpoint.Host, cluster))
                ports.Add(endpoint.Port);
        }

        return [.. ports.Distinct()];
    }

    private static int FreePort(string host)
    {
        using var listener = Listen(host, 0);
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>What is wrong with the ports; that all are taken in one line, for they are one choice.</summary>
    private static string Problems(string host, List<int> ports)
    {
        var other = ports.Select(port => (port, error: Problem(host, port)))
            .FirstOrDefault(one => one.error is { SocketErrorCode: not SocketError.AddressAlreadyInUse });
        return other.error is { } error
            ? ListenProblem.Of("akka-cp.cluster", host, other.port, error)
            : $"akka-cp.cluster.port: expected a port of {host} that is free, found {string.Join(", ", ports)} taken";
    }

    private static SocketException? Problem(string host, int port)
    {
        try
        {
            Listen(host, port).Dispose();
            return null;
        }
        catch (SocketException unheard)
        {
            return unheard;
        }
    }

    private static TcpListener Listen(string host, int port)
    {
        var address = IPAddress.TryParse(host, out var parsed) ? parsed : Dns.GetHostAddresses(host)[0];
        var listener = new TcpListener(address, port);
        try
        {
            listener.Start();
            return listener;
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }
}
