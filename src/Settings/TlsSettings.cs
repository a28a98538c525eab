namespace AkkaCp.Settings;

/// <summary>akka-cp.transport.tls: TLS with certificates on both sides, for control and data plane alike.</summary>
public sealed record TlsSettings
{
    /// <summary>The node's certificate, a PEM or PKCS#12 file. Default null (off): no TLS.</summary>
    public string? Certificate { get; init; }

    /// <summary>Its private key, a PEM file. Default null (none): inside <see cref="Certificate"/>.</summary>
    public string? Key { get; init; }

    /// <summary>Password of the private key. Default null (none).</summary>
    public string? Password { get; init; }

    /// <summary>PEM file of the authority whose certificates peers must show. Needed with <see cref="Certificate"/>.
    /// Default null (none).</summary>
    public string? Ca { get; init; }

    /// <summary>Whether TLS is on.</summary>
    public bool IsOn => Certificate is not null;

    internal static TlsSettings Read(SettingsSection section) => new()
    {
        Certificate = section.Text("transport.tls.certificate", "off"),
        Key = section.Text("transport.tls.key", "none"),
        Password = section.Text("transport.tls.password", "none"),
        Ca = section.Text("transport.tls.ca", "none"),
    };
}
