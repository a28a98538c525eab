using AkkaCp.Settings;
using AkkaCp.Testing;

namespace AkkaCp.Actors.Tests.Cluster;

/// <summary>Settings with a certificate.</summary>
internal static class TestTls
{
    /// <summary>Settings of one that shows a certificate and trusts an authority.</summary>
    public static TlsSettings Trusting(this TestCertificate own, TestAuthority authority) =>
        new() { Certificate = own.Certificate, Key = own.Key, Password = own.Password, Ca = authority.File };

    /// <summary>Settings with a new certificate of an authority, which is trusted.</summary>
    public static TlsSettings Settings(this TestAuthority authority, string name) => authority.Issue(name).Trusting(authority);
}
