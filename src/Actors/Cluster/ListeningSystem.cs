using System.Collections.Immutable;
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
internal static class ListeningSystem
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
    public static ActorSystem OfNode(EngineSettings settings, int port, ILoggerFactory loggers) =>
        Start(settings, NodeResource, port, settings.Cluster.EffectiveAdvertise, loggers);

    /// <summary>A client's system.</summary>
    /// <exception cref="SettingsException">The address cannot be bound, or a certificate cannot be read.</exception>
    public static ActorSystem OfClient(EngineSettings settings, ILoggerFactory loggers) =>
        Start(settings, ClientResource, 0, settings.Cluster.EffectiveAdvertise, loggers);

    /// <summary>The seeds. One that is this node, spelt in another way, is this node: nobody else could tell it so.</summary>
    public static ImmutableArray<Address> SeedsOf(ActorSystem system, ClusterSettings cluster)
    {
        var own = ((ExtendedActorSystem)system).Provider.DefaultAddress;
        bool IsOwn(Address seed) => seed.Port == own.Port && SameHost.Is(seed.Host!.Trim('[', ']'), cluster);
        return [.. cluster.Seeds.Select(seed => ControlAddress.At(system, seed)).Select(seed => IsOwn(seed) ? own : seed).Distinct()];
    }

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
            .WithFallback(AkkaConfig.Of(settings, resource))
            .WithFallback(Akka.Cluster.Tools.Singleton.ClusterSingleton.DefaultConfig());
    }
}
