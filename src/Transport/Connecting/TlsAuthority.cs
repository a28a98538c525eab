using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AkkaCp.Transport.Wire;

namespace AkkaCp.Transport.Connecting;

/// <summary>
/// Makes connections, plain or under TLS 1.3. Under TLS both sides show certificates, and a certificate is good when the configured
/// authority alone vouches for it, its dates hold, and it may be used for its side. Names in certificates are not compared with
/// addresses: who holds a certificate of the authority is a node of the cluster, and the handshake behind it says which.
/// </summary>
internal static class TlsAuthority
{
    private const string ServerUsage = "1.3.6.1.5.5.7.3.1";
    private const string ClientUsage = "1.3.6.1.5.5.7.3.2";

    /// <summary>The accepting side.</summary>
    /// <exception cref="AuthenticationException">The other side has no good certificate, or speaks no TLS 1.3.</exception>
    public static Connection Accept(Socket socket, TlsFiles? files)
    {
        if (files is null)
        {
            return new Connection(socket, null);
        }

        var tls = new SslStream(new NetworkStream(socket, ownsSocket: false));
        using var authority = LoadAuthority(files);
        using var certificate = NodeCertificate.Load(files);
        tls.AuthenticateAsServer(new SslServerAuthenticationOptions
        {
            ServerCertificateContext = certificate.Context(),
            ClientCertificateRequired = true,
            EnabledSslProtocols = SslProtocols.Tls13,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            RemoteCertificateValidationCallback = (_, theirs, chain, _) => IsGood(theirs, chain, authority, ClientUsage),
        });
        return new Connection(socket, tls);
    }

    /// <summary>The dialling side.</summary>
    /// <exception cref="AuthenticationException">The other side has no good certificate, or speaks no TLS 1.3.</exception>
    public static Connection Dial(Socket socket, string host, TlsFiles? files)
    {
        if (files is null)
        {
            return new Connection(socket, null);
        }

        var tls = new SslStream(new NetworkStream(socket, ownsSocket: false));
        using var authority = LoadAuthority(files);
        using var certificate = NodeCertificate.Load(files);
        tls.AuthenticateAsClient(new SslClientAuthenticationOptions
        {
            TargetHost = host,
            ClientCertificateContext = certificate.Context(),
            EnabledSslProtocols = SslProtocols.Tls13,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            RemoteCertificateValidationCallback = (_, theirs, chain, _) => IsGood(theirs, chain, authority, ServerUsage),
        });
        return new Connection(socket, tls);
    }

    /// <summary>Reads the files once, so that a mistake in them shows before a connection needs them.</summary>
    /// <exception cref="ArgumentException">A file is missing or is not what it should be.</exception>
    public static void Check(TlsFiles files)
    {
        try
        {
            LoadAuthority(files).Dispose();
            NodeCertificate.Load(files).Dispose();
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new ArgumentException(
                $"TLS files {files.CertificateFile}, {files.AuthorityFile}: {unreadable.Message}", unreadable);
        }
    }

    private static X509Certificate2 LoadAuthority(TlsFiles files) => X509CertificateLoader.LoadCertificateFromFile(files.AuthorityFile);

    private static bool IsGood(X509Certificate? theirs, X509Chain? sent, X509Certificate2 authority, string usage)
    {
        if (theirs is null)
        {
            return false;
        }

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(usage));
        if (sent is not null)
        {
            chain.ChainPolicy.ExtraStore.AddRange(sent.ChainPolicy.ExtraStore);
        }

        using var leaf = new X509Certificate2(theirs);
        return chain.Build(leaf);
    }
}
