using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AkkaCp.Collectives.Setup;

namespace AkkaCp.Collectives.Connecting;

/// <summary>A node's certificate with its key, the intermediate certificates beside it, and the authority that it trusts.</summary>
internal sealed class NodeCertificate : IDisposable
{
    private const string PemBegin = "-----BEGIN";

    private readonly X509Certificate2 _certificate;
    private readonly X509Certificate2Collection _intermediates;

    private NodeCertificate(X509Certificate2 certificate, X509Certificate2Collection intermediates, X509Certificate2Collection authority)
    {
        (_certificate, _intermediates, Authority) = (certificate, intermediates, authority);
        Context = SslStreamCertificateContext.Create(certificate, intermediates, offline: true);
    }

    /// <summary>What this node shows.</summary>
    public SslStreamCertificateContext Context { get; }

    /// <summary>Who must have signed what others show.</summary>
    public X509Certificate2Collection Authority { get; }

    /// <exception cref="TlsFilesException">A file cannot be read, or is not what it should be.</exception>
    public static NodeCertificate Load(TlsFiles files)
    {
        var authority = Read(files.AuthorityFile, LoadAuthority);
        return Read(files.CertificateFile, file =>
        {
            var text = File.ReadAllText(file);
            return text.Contains(PemBegin, StringComparison.Ordinal) ? LoadPem(text, files, authority) : LoadPkcs12(files, authority);
        });
    }

    public void Dispose()
    {
        _certificate.Dispose();
        foreach (var one in _intermediates.Concat(Authority))
            one.Dispose();
    }

    private static T Read<T>(string file, Func<string, T> load)
    {
        try
        {
            return load(file);
        }
        catch (Exception unusable)
            when (unusable is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw new TlsFilesException(file, unusable.Message, unusable);
        }
    }

    private static X509Certificate2Collection LoadAuthority(string file)
    {
        var authority = new X509Certificate2Collection();
        authority.ImportFromPemFile(file);
        return authority.Count > 0 ? authority : throw new CryptographicException("it holds no certificate");
    }

    private static NodeCertificate LoadPem(string text, TlsFiles files, X509Certificate2Collection authority)
    {
        var key = files.KeyFile is null ? text : File.ReadAllText(files.KeyFile);
        var certificate = Usable(files.Password is { } password
            ? X509Certificate2.CreateFromEncryptedPem(text, key, password)
            : X509Certificate2.CreateFromPem(text, key));
        var others = new X509Certificate2Collection();
        others.ImportFromPem(text);
        others[0].Dispose();
        others.RemoveAt(0);
        return new NodeCertificate(certificate, others, authority);
    }

    private static NodeCertificate LoadPkcs12(TlsFiles files, X509Certificate2Collection authority)
    {
        var all = X509CertificateLoader.LoadPkcs12CollectionFromFile(files.CertificateFile, files.Password);
        var own = all.FirstOrDefault(one => one.HasPrivateKey)
            ?? throw new CryptographicException("it holds no private key");
        all.Remove(own);
        return new NodeCertificate(own, all, authority);
    }

    /// <summary>A key that came from PEM text cannot be used for TLS on Windows; one that went through PKCS#12 can.</summary>
    private static X509Certificate2 Usable(X509Certificate2 fromPem)
    {
        if (!OperatingSystem.IsWindows())
            return fromPem;

        using (fromPem)
            return X509CertificateLoader.LoadPkcs12(fromPem.Export(X509ContentType.Pkcs12), null);
    }
}
