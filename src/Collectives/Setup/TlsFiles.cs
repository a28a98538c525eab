namespace AkkaCp.Collectives.Setup;

/// <summary>
/// Files for TLS 1.3 on data connections. Both sides of a connection show a certificate, and both accept only certificates that
/// the one authority signed; certificates of the machine's own store count for nothing. Files are read for each connection, so that
/// certificates can be replaced while a node runs.
/// </summary>
public sealed record TlsFiles
{
    /// <summary>This node's certificate, and intermediate ones where there are: PEM, or PKCS#12 with the key inside.</summary>
    public required string CertificateFile { get; init; }

    /// <summary>This node's private key, PEM; null, the default, when it is inside <see cref="CertificateFile"/>.</summary>
    public string? KeyFile { get; init; }

    /// <summary>Password of the private key; null, the default, for none.</summary>
    public string? Password { get; init; }

    /// <summary>PEM certificate of the authority that signs every node's certificate.</summary>
    public required string AuthorityFile { get; init; }
}
