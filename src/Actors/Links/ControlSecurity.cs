using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace AkkaCp.Actors.Links;

/// <summary>
/// TLS 1.3 of the control plane: both sides show certificates, and both must be signed by the one authority. Names in certificates are not
/// compared: whoever has one is trusted, wherever it runs, and may dial as well as be dialled.
/// </summary>
/// <param name="certificate">This side's, with its key.</param>
/// <param name="authority">Who vouches for the others'.</param>
internal sealed class ControlSecurity(X509Certificate2 certificate, X509Certificate2Collection authority)
{
    private readonly SslStreamCertificateContext _certificate = SslStreamCertificateContext.Create(certificate, null, offline: true);

    /// <summary>The side that was dialled.</summary>
    /// <exception cref="AuthenticationException">The other side has no good certificate, or speaks no TLS 1.3.</exception>
    public Task<SslStream> AcceptAsync(Stream stream, CancellationToken cancellationToken) => WithTlsAsync(stream, tls => tls.AuthenticateAsServerAsync(
        new SslServerAuthenticationOptions
        {
            ServerCertificateContext = _certificate,
            ClientCertificateRequired = true,
            EnabledSslProtocols = SslProtocols.Tls13,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            RemoteCertificateValidationCallback = IsGood,
        },
        cancellationToken));

    /// <summary>The side that dials.</summary>
    /// <exception cref="AuthenticationException">The other side has no good certificate, or speaks no TLS 1.3.</exception>
    public Task<SslStream> DialAsync(Stream stream, string host, CancellationToken cancellationToken) => WithTlsAsync(stream, tls => tls.AuthenticateAsClientAsync(
        new SslClientAuthenticationOptions
        {
            TargetHost = host,
            ClientCertificateContext = _certificate,
            EnabledSslProtocols = SslProtocols.Tls13,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            RemoteCertificateValidationCallback = IsGood,
        },
        cancellationToken));

    /// <summary>Whether the authority, and no other, vouches for the certificate now.</summary>
    public static bool IsSigned(X509Certificate2 shown, X509Certificate2Collection authority)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        return chain.Build(shown);
    }

    private static async Task<SslStream> WithTlsAsync(Stream stream, Func<SslStream, Task> shakeHands)
    {
        var tls = new SslStream(stream);
        try
        {
            await shakeHands(tls).ConfigureAwait(false);
            return tls;
        }
        catch
        {
            await tls.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private bool IsGood(object sender, X509Certificate? shown, X509Chain? sent, SslPolicyErrors errors)
    {
        if (shown is null)
            return false;
        using var copy = new X509Certificate2(shown);
        return IsSigned(copy, authority);
    }
}
