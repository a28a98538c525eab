namespace AkkaCp.Settings;

/// <summary>akka-cp.transport: the data plane of a node, and how both planes are protected.</summary>
public sealed record TransportSettings
{
    /// <summary>Address that the data plane listens on, exactly. Default null (auto): that of the control plane.</summary>
    public string? Host { get; init; }

    /// <summary>Port that the data plane listens on. Default null (auto): 4054, or a free one where that is
    /// taken; peers are told of it.</summary>
    public int? Port { get; init; }

    /// <summary>Address by which other nodes reach the data plane. Default null (auto): that of the control plane.</summary>
    public string? Advertise { get; init; }

    /// <summary>Whether control and data plane may listen beyond the machine without TLS. Default false.</summary>
    public bool Insecure { get; init; }

    /// <summary>Certificates for both planes. Default: none, TLS is off.</summary>
    public TlsSettings Tls { get; init; } = new();

    internal static TransportSettings Read(SettingsSection section) => new()
    {
        Host = section.Text("transport.host", "auto"),
        Port = section.PortOrAuto("transport.port"),
        Advertise = section.Text("transport.advertise", "auto"),
        Insecure = section.Choice("transport.insecure", ("off", false), ("on", true)),
        Tls = TlsSettings.Read(section),
    };
}
