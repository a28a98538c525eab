using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Configuration;
using AkkaCp.Actors.Links;
using AkkaCp.Actors.Logging;
using AkkaCp.Collectives;
using AkkaCp.Settings;
using Microsoft.Extensions.Logging;

namespace AkkaCp.Actors.Cluster;

/// <summary>Starts actor systems that listen: of nodes, and of clients.</summary>
internal static class ControlPlane
{
    /// <summary>Role of every node.</summary>
    public const string Role = "akka-cp-node";

    private const string NodeResource = "AkkaCp.Actors.Cluster.cluster.conf";
    private const string ClientResource = "AkkaCp.Actors.Cluster.client.conf";

    /// <summary>A node's system; it listens when this returns, and has joined nothing.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="port">Where it listens; 0 for a free port.</param>
    /// <param name="loggers">Takes its log.</param>
    /// <exception cref="SettingsException">The address cannot be bound, or a certificate cannot be read.</exception>
    public static ActorSystem StartNode(EngineSettings settings, int port, ILoggerFactory loggers) =>
        Start(settings, NodeResource, port, settings.Cluster.EffectiveAdvertise, loggers);

    /// <summary>A client's system.</summary>
    /// <exception cref="SettingsException">The address cannot be bound, or a certificate cannot be read.</exception>
    public static ActorSystem StartClient(EngineSettings settings, ILoggerFactory loggers) =>
        Start(settings, ClientResource, 0, settings.Cluster.EffectiveAdvertise, loggers);

    /// <summary>The address of an actor system, <c>host:port</c>.</summary>
    public static string AddressOf(ActorSystem system) => Text(((ExtendedActorSystem)system).Provider.DefaultAddress);

    /// <summary>An address as settings have it; empty for one of this process alone.</summary>
    public static string Text(Address address) => address is { Host: { } host, Port: { } port }
        ? string.Create(CultureInfo.InvariantCulture, $"{host}:{port}")
        : "";

    /// <summary>The system of the same cluster at <c>host:port</c>.</summary>
    /// <exception cref="FormatException">It is no such address.</exception>
    public static Address AddressAt(ActorSystem system, string hostAndPort)
    {
        var own = ((ExtendedActorSystem)system).Provider.DefaultAddress;
        var colon = hostAndPort.LastIndexOf(':');
        return colon > 0 && ushort.TryParse(hostAndPort.AsSpan(colon + 1), CultureInfo.InvariantCulture, out var port)
            ? new Address(own.Protocol, own.System, HostOf(hostAndPort[..colon]), port)
            : throw new FormatException($"expected host:port, found {hostAndPort}");
    }

    /// <summary>The seeds. One that is this node, spelt in another way, is this node: nobody else could tell it so.</summary>
    public static ImmutableArray<Address> SeedsOf(ActorSystem system, ClusterSettings cluster)
    {
        var own = ((ExtendedActorSystem)system).Provider.DefaultAddress;
        bool IsOwn(Address seed) => seed.Port == own.Port && SameHost.Is(seed.Host!.Trim('[', ']'), cluster);
        return [.. cluster.Seeds.Select(seed => AddressAt(system, seed)).Select(seed => IsOwn(seed) ? own : seed).Distinct()];
    }

    /// <summary>A host as Akka names it: an IPv6 address in brackets and in its shortest form, for addresses are compared as text.</summary>
    public static string HostOf(string host) =>
        IPAddress.TryParse(host.Trim('[', ']'), out var ip) && ip.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{ip}]" : host;

    private static ActorSystem Start(EngineSettings settings, string resource, int port, string advertise, ILoggerFactory loggers)
    {
        ActorSystemSetup setup = BootstrapSetup.Create()
            .WithConfig(Config(settings, resource, port, advertise))
            .And(new LoggerSetup(loggers))
            .And(new ControlLinkSetup(TlsFilesCheck.Require(settings.Transport.Tls)));
        try
        {
            return ActorSystem.Create(settings.Cluster.Name, setup);
        }
        catch (Exception exception) when (exception.GetBaseException() is var cause and not SettingsException)
        {
            throw new SettingsException([cause is SocketException unheard
                ? ListenProblem.Of("akka-cp.cluster", settings.Cluster.Host, port, unheard)
                : $"akka-cp.cluster: {settings.Cluster.Host}:{port} cannot be listened on: {cause.Message.ReplaceLineEndings(" ")}"]);
        }
    }

    private static Config Config(EngineSettings settings, string resource, int port, string advertise)
    {
        var own = ConfigurationFactory.ParseString($$"""
            akka.remote.akka-cp {
              hostname = {{HoconText.Quote(settings.Cluster.Host)}}
              public-hostname = {{HoconText.Quote(advertise)}}
              port = {{port}}
            }
            """);
        return own
            .WithFallback(CpSystem.AkkaConfig(settings, resource))
            .WithFallback(Akka.Cluster.Tools.Singleton.ClusterSingleton.DefaultConfig());
    }
}
