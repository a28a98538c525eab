using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AkkaCp.Collectives.Setup;

namespace AkkaCp.Collectives.Connecting;

/// <summary>
/// TLS 1.3 between nodes, on control and data connections alike. Both sides show certificates, and a certificate is good when the
/// configured authority alone vouches for it, its dates hold, and it may be used for its side. Names in certificates are not compared
/// with addresses: who holds a certificate of the authority is a node of the cluster, and the handshake behind it says which. The files
/// are read for each connection.
/// </summary>
public static class NodeTls
{
    private const string ServerUsage = "1.3.6.1.5.5.7.3.1";
    private const string ClientUsage = "1.3.6.1.5.5.7.3.2";

    /// <summary>The accepting side; blocks.</summary>
    /// <exception cref="AuthenticationException">The other side has no good certificate, or speaks no TLS 1.3.</exception>
    public static SslStream Accept(Stream stream, TlsFiles files) =>
        Open(stream, files, (tls, own) => tls.AuthenticateAsServer(Server(own)));

    /// <summary>The dialling side; blocks.</summary>
    /// <exception cref="AuthenticationException">The other side has no good certificate, or speaks no TLS 1.3.</exception>
    public static SslStream Dial(Stream stream, string host, TlsFiles files) =>
        Open(stream, files, (tls, own) => tls.AuthenticateAsClient(Client(own, host)));

    /// <summary>The accepting side.</summary>
    /// <exception cref="AuthenticationException">The other side has no good certificate, or speaks no TLS 1.3.</exception>
    public static Task<SslStream> AcceptAsync(Stream stream, TlsFiles files, CancellationToken cancellationToken) =>
        OpenAsync(stream, files, (tls, own) => tls.AuthenticateAsServerAsync(Server(own), cancellationToken));

    /// <summary>The dialling side.</summary>
    /// <exception cref="AuthenticationException">The other side has no good certificate, or speaks no TLS 1.3.</exception>
    public static Task<SslStream> DialAsync(Stream stream, string host, TlsFiles files, CancellationToken cancellationToken) =>
        OpenAsync(stream, files, (tls, own) => tls.AuthenticateAsClientAsync(Client(own, host), cancellationToken));

    /// <summary>Reads the files once, so that a mistake in them shows before a connection needs them.</summary>
    /// <exception cref="TlsFilesException">A file cannot be read, or is not what it should be.</exception>
    public static void Check(TlsFiles files) => NodeCertificate.Load(files).Dispose();

    /// <summary>Why a handshake ended, in words.</summary>
    public static string ReasonOf(AuthenticationException failed) =>
        failed is TlsFilesException ? failed.Message : (failed.InnerException ?? failed).Message;

    private static SslStream Open(Stream stream, TlsFiles files, Action<SslStream, NodeCertificate> shakeHands)
    {
        using var own = NodeCertificate.Load(files);
        var tls = new SslStream(stream);
        try
        {
            shakeHands(tls, own);
            return tls;
        }
        catch
        {
            tls.Dispose();
            throw;
        }
    }

    private static async Task<SslStream> OpenAsync(Stream stream, TlsFiles files, Func<SslStream, NodeCertificate, Task> shakeHands)
    {
        using var own = NodeCertificate.Load(files);
        var tls = new SslStream(stream);
        try
        {
            await shakeHands(tls, own).ConfigureAwait(false);
            return tls;
        }
        catch
        {
            await tls.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static SslServerAuthenticationOptions Server(NodeCertificate own) => new()
    {
        ServerCertificateContext = own.Context,
        ClientCertificateRequired = true,
        EnabledSslProtocols = SslProtocols.Tls13,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        RemoteCertificateValidationCallback = (_, theirs, sent, _) => IsGood(theirs, sent, own.Authority, ClientUsage),
    };

    private static SslClientAuthenticationOptions Client(NodeCertificate own, string host) => new()
    {
        TargetHost = host,
        ClientCertificateContext = own.Context,
        EnabledSslProtocols = SslProtocols.Tls13,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        RemoteCertificateValidationCallback = (_, theirs, sent, _) => IsGood(theirs, sent, own.Authority, ServerUsage),
    };

    private static bool IsGood(X509Certificate? theirs, X509Chain? sent, X509Certificate2Collection authority, string usage)
    {
        if (theirs is null)
            return false;

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(usage));
        if (sent is not null)
            chain.ChainPolicy.ExtraStore.AddRange(sent.ChainPolicy.ExtraStore);

        using var leaf = new X509Certificate2(theirs);
        return chain.Build(leaf);
    }
}
