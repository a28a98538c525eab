namespace AkkaCp.Transport;

/// <summary>
/// PEM files for TLS 1.3 on data connections. Both sides of a connection show a certificate, and both accept only certificates that
/// the one authority signed; certificates of the machine's own store count for nothing. Files are read for each connection, so that
/// certificates can be replaced while a node runs.
/// </summary>
public sealed record TlsFiles
{
    /// <summary>This node's certificate; followed by intermediate ones where there are.</summary>
    public required string CertificateFile { get; init; }

    /// <summary>This node's private key, not encrypted.</summary>
    public required string KeyFile { get; init; }

    /// <summary>Certificate of the authority that signs every node's certificate.</summary>
    public required string AuthorityFile { get; init; }
}
