using System.Collections.Immutable;
using System.Net;

namespace AkkaCp.Settings;

/// <summary>akka-cp.server: the HTTP service.</summary>
public sealed record ServerSettings
{
    /// <summary>Where it listens. Default 127.0.0.1; another address needs <see cref="ApiKeys"/>, or <see cref="Insecure"/>.</summary>
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>Its port. Default 8080; 0 (auto): a free one.</summary>
    public int Port { get; init; } = 8080;

    /// <summary>Keys of which a request must have one. Default none: no key is asked for.</summary>
    public ImmutableArray<string> ApiKeys { get; init; } = [];

    /// <summary>Whether to serve other machines without keys. Default off.</summary>
    public bool Insecure { get; init; }

    /// <summary>Names in a request's Host that are this service, without ports. Default none (auto): those of loopback while no keys are
    /// asked for, any otherwise.</summary>
    public ImmutableArray<string> AllowedHosts { get; init; } = [];

    /// <summary>Origins whose pages may ask, such as <c>https://chat.example</c>; they get CORS headers. Default none.</summary>
    public ImmutableArray<string> AllowedOrigins { get; init; } = [];

    /// <summary>Whether /metrics is there, for whoever may connect. Default on.</summary>
    public bool Metrics { get; init; } = true;

    /// <summary>Bytes of a body at most. Default 16 MiB.</summary>
    public long MaxBody { get; init; } = 16 << 20;

    /// <summary>Connections at most. Default 1024.</summary>
    public int MaxConnections { get; init; } = 1024;

    /// <summary>How often a stream that has nothing to say says so, with a comment line. Default 10 s.</summary>
    public TimeSpan CommentInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a client may take to take what it is sent. Default 30 s.</summary>
    public TimeSpan WriteTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>What clients may ask for at a time, and how long anything may take.</summary>
    public ServerLimits Limits { get; init; } = new();

    /// <inheritdoc/>
    public bool Equals(ServerSettings? other) => other is not null && Host == other.Host && Port == other.Port
        && ApiKeys.SequenceEqual(other.ApiKeys) && Insecure == other.Insecure && AllowedHosts.SequenceEqual(other.AllowedHosts)
        && AllowedOrigins.SequenceEqual(other.AllowedOrigins) && Metrics == other.Metrics && MaxBody == other.MaxBody
        && MaxConnections == other.MaxConnections && CommentInterval == other.CommentInterval && WriteTimeout == other.WriteTimeout
        && Limits == other.Limits;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Host, Port, ApiKeys.Length, Insecure, MaxBody, MaxConnections);

    internal static ServerSettings Read(SettingsSection section) => new()
    {
        Host = section.Text("server.host", "") ?? "127.0.0.1",
        Port = section.PortOrAuto("server.port") ?? 0,
        ApiKeys = section.Words("server.api-keys"),
        Insecure = section.Choice("server.insecure", ("off", false), ("on", true)),
        AllowedHosts = section.Words("server.allowed-hosts", "auto"),
        AllowedOrigins = section.Words("server.allowed-origins"),
        Metrics = section.Choice("server.metrics", ("on", true), ("off", false)),
        MaxBody = section.Bytes("server.max-body", 1 << 10),
        MaxConnections = section.Int("server.max-connections", 1),
        CommentInterval = section.Duration("server.comment-interval"),
        WriteTimeout = section.Duration("server.write-timeout"),
        Limits = ServerLimits.Read(section),
    };

    /// <summary>Whoever listens beyond this machine says who may ask.</summary>
    internal void Check(SettingsSection section)
    {
        var isLoopback = Host == "localhost" || (IPAddress.TryParse(Host, out var address) && IPAddress.IsLoopback(address));
        if (!isLoopback && ApiKeys.IsEmpty && !Insecure)
            section.Report("server.api-keys", $"expected keys, or server.insecure = on, since server.host is {Host}", "none");
    }
}
