using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Akka.Remote.Transport.DotNetty;
using AkkaCp.Actors.Settings;

namespace AkkaCp.Actors.Cluster;

/// <summary>
/// TLS of the control plane: both sides show certificates, and both must be signed by the one authority. Names in certificates are not
/// compared: whoever has one is trusted, wherever it runs.
/// </summary>
internal static class ControlTls
{
    /// <summary>What Akka needs; null where TLS is off.</summary>
    /// <exception cref="CpSettingsException">A file cannot be read, or is not what it should be.</exception>
    public static DotNettySslSetup? Create(TlsSettings tls)
    {
        if (!tls.IsOn)
            return null;
        var certificate = Read("certificate", tls.Certificate!, () => LoadOwn(tls));
        if (!certificate.HasPrivateKey)
            throw Wrong("certificate", tls.Certificate!, "it holds no private key, and transport.tls.key names none");
        var authority = Read("ca", tls.Ca!, () => LoadAuthority(tls.Ca!));
        return new DotNettySslSetup(
            certificate, suppressValidation: false, requireMutualAuthentication: true, validateCertificateHostname: false,
            (shown, _, _, _, _) => shown is not null && IsSigned(shown, authority));
    }

    /// <summary>Whether the authority, and no other, vouches for the certificate now.</summary>
    public static bool IsSigned(X509Certificate2 shown, X509Certificate2Collection authority)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(shown);
    }

    private static X509Certificate2 LoadOwn(TlsSettings tls)
    {
        if (X509Certificate2.GetCertContentType(tls.Certificate!) is X509ContentType.Pkcs12)
            return X509CertificateLoader.LoadPkcs12FromFile(tls.Certificate!, tls.Password);
        using var fromPem = tls.Password is { } password
            ? X509Certificate2.CreateFromEncryptedPemFile(tls.Certificate!, password, tls.Key)
            : X509Certificate2.CreateFromPemFile(tls.Certificate!, tls.Key);

        // A key that came from PEM text is not usable for TLS on every system; one that went through PKCS#12 is.
        return X509CertificateLoader.LoadPkcs12(fromPem.Export(X509ContentType.Pkcs12), null);
    }

    private static X509Certificate2Collection LoadAuthority(string file)
    {
        var authority = new X509Certificate2Collection();
        authority.ImportFromPemFile(file);
        return authority.Count > 0 ? authority : throw new CryptographicException("it holds no certificate");
    }

    private static T Read<T>(string key, string file, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw Wrong(key, file, exception.Message);
        }
    }

    private static CpSettingsException Wrong(string key, string file, string why) =>
        new([$"akka-cp.transport.tls.{key}: {file} cannot be used: {why.ReplaceLineEndings(" ")}"]);
}
