using System.Collections.Immutable;

namespace AkkaCp.Settings;

/// <summary>akka-cp.cluster: the control plane of a node. One process needs none of it.</summary>
public sealed record ClusterSettings
{
    /// <summary>The control plane's port where nothing else is said.</summary>
    public const int DefaultPort = 4053;

    /// <summary>The cluster's name, equal on all nodes and clients. Default "akka-cp".</summary>
    public string Name { get; init; } = "akka-cp";

    /// <summary>Address that the control plane listens on, exactly. Default 127.0.0.1.</summary>
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>Port that the control plane listens on. Default null (auto): one that the seeds name for this host, or
    /// <see cref="DefaultPort"/> where they name none; 0: one that is free.</summary>
    public int? Port { get; init; }

    /// <summary>Address by which other nodes reach this one. Default null (auto): <see cref="Host"/>.</summary>
    public string? Advertise { get; init; }

    /// <summary>Nodes to ask for the cluster, <c>host:port</c>; a node that finds none and is itself the first forms one.
    /// Default none.</summary>
    public ImmutableArray<string> Seeds { get; init; } = [];

    /// <summary>The node's name, unique in its cluster. Default null (auto): advertised host and port.</summary>
    public string? NodeName { get; init; }

    /// <summary>Ranks that the node takes at most. Default 1; 1 to 4096.</summary>
    public int Places { get; init; } = 1;

    /// <summary>How long a request may wait while there is no group of ranks to run it. Default 10 min.</summary>
    public TimeSpan WaitForNodes { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Epochs in a row that may be lost under a request without a new token of it, until it fails. Default 5;
    /// at least 1.</summary>
    public int LostEpochs { get; init; } = 5;

    /// <summary>How long the coordinator hears nothing of a node until its ranks go to others. Default 15 s; at least 3 s.</summary>
    public TimeSpan NodeTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Port at which a node tells probes how it is. Default 0: none.</summary>
    public int HealthPort { get; init; }

    /// <summary>The host that other nodes use.</summary>
    public string EffectiveAdvertise => Advertise ?? Host;

    /// <inheritdoc/>
    public bool Equals(ClusterSettings? other) => other is not null && Name == other.Name && Host == other.Host && Port == other.Port
        && Advertise == other.Advertise && Seeds.SequenceEqual(other.Seeds) && NodeName == other.NodeName && Places == other.Places
        && WaitForNodes == other.WaitForNodes && LostEpochs == other.LostEpochs && NodeTimeout == other.NodeTimeout
        && HealthPort == other.HealthPort;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, Host, Port, Advertise, NodeName, Places, WaitForNodes, LostEpochs);

    internal static ClusterSettings Read(SettingsSection section) => new()
    {
        Name = section.Name("cluster.name"),
        Host = section.Text("cluster.host", "") ?? "127.0.0.1",
        Port = section.PortOrAuto("cluster.port"),
        Advertise = section.Text("cluster.advertise", "auto"),
        Seeds = section.Addresses("cluster.seeds"),
        NodeName = section.Text("cluster.node-name", "auto"),
        Places = section.Int("cluster.places", 1, ParallelSettings.MaxRanks),
        WaitForNodes = section.Duration("cluster.wait-for-nodes"),
        LostEpochs = section.Int("cluster.lost-epochs", 1),
        NodeTimeout = section.Duration("cluster.node-timeout"),
        HealthPort = section.IntOrOff("cluster.health-port", 1, ushort.MaxValue),
    };
}
