using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace AkkaCp.Transport.Connecting;

/// <summary>A node's certificate with its key, and the intermediate certificates beside it.</summary>
internal sealed class NodeCertificate : IDisposable
{
    private const string PemBegin = "-----BEGIN";

    private readonly X509Certificate2 _certificate;
    private readonly X509Certificate2Collection _intermediates;

    private NodeCertificate(X509Certificate2 certificate, X509Certificate2Collection intermediates) =>
        (_certificate, _intermediates) = (certificate, intermediates);

    /// <exception cref="CryptographicException">The files are not what they should be.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static NodeCertificate Load(TlsFiles files) =>
        File.ReadAllText(files.CertificateFile).Contains(PemBegin, StringComparison.Ordinal) ? LoadPem(files) : LoadPkcs12(files);

    public SslStreamCertificateContext Context() => SslStreamCertificateContext.Create(_certificate, _intermediates, offline: true);

    public void Dispose()
    {
        _certificate.Dispose();
        foreach (var one in _intermediates)
        {
            one.Dispose();
        }
    }

    private static NodeCertificate LoadPem(TlsFiles files)
    {
        var certificate = files.Password is { } password
            ? X509Certificate2.CreateFromEncryptedPemFile(files.CertificateFile, password, files.KeyFile)
            : X509Certificate2.CreateFromPemFile(files.CertificateFile, files.KeyFile);
        var others = new X509Certificate2Collection();
        others.ImportFromPemFile(files.CertificateFile);
        others[0].Dispose();
        others.RemoveAt(0);
        return new NodeCertificate(certificate, others);
    }

    private static NodeCertificate LoadPkcs12(TlsFiles files)
    {
        var all = X509CertificateLoader.LoadPkcs12CollectionFromFile(files.CertificateFile, files.Password);
        var own = all.FirstOrDefault(one => one.HasPrivateKey)
            ?? throw new CryptographicException($"{files.CertificateFile} holds no private key");
        all.Remove(own);
        return new NodeCertificate(own, all);
    }
}
