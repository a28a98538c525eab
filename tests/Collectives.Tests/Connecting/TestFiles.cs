using AkkaCp.Collectives.Setup;
using AkkaCp.Testing;

namespace AkkaCp.Collectives.Tests.Connecting;

/// <summary>A node's files of a certificate.</summary>
internal static class TestFiles
{
    /// <summary>Files of a node that trusts an authority.</summary>
    public static TlsFiles Trusting(this TestCertificate own, TestAuthority authority) => new()
    {
        CertificateFile = own.Certificate,
        KeyFile = own.Key,
        Password = own.Password,
        AuthorityFile = authority.File,
    };
}
