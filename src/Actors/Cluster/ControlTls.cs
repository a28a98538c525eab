using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AkkaCp.Actors.Links;
using AkkaCp.Actors.Settings;

namespace AkkaCp.Actors.Cluster;

/// <summary>Reads the files of <c>akka-cp.transport.tls</c> for the control plane.</summary>
internal static class ControlTls
{
    /// <summary>What TLS needs; null where it is off.</summary>
    /// <exception cref="CpSettingsException">A file cannot be read, or is not what it should be.</exception>
    public static ControlSecurity? Create(TlsSettings tls)
    {
        if (!tls.IsOn)
            return null;
        var certificate = Read("certificate", tls.Certificate!, () => LoadOwn(tls));
        return certificate.HasPrivateKey
            ? new ControlSecurity(certificate, Read("ca", tls.Ca!, () => LoadAuthority(tls.Ca!)))
            : throw Wrong("certificate", tls.Certificate!, "it holds no private key, and transport.tls.key names none");
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
