using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace AkkaCp.Transport.Tests.Connecting;

/// <summary>An authority and the certificates that it signs, in files of a folder of their own.</summary>
internal sealed class TestAuthority : IDisposable
{
    private static readonly DateTimeOffset s_begin = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset s_end = new(2100, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly string _folder = Directory.CreateTempSubdirectory("akkacp-tls-").FullName;
    private readonly X509Certificate2 _authority;

    public TestAuthority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=test authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        _authority = request.CreateSelfSigned(s_begin, s_end);
        AuthorityFile = Path.Combine(_folder, "ca.crt");
        File.WriteAllText(AuthorityFile, _authority.ExportCertificatePem());
    }

    public string AuthorityFile { get; }

    /// <summary>Files of a node whose certificate this authority signed, and who trusts it, unless told otherwise.</summary>
    public TlsFiles Node(string name, DateTimeOffset? end = null, string? trusts = null, bool isPkcs12 = false, string? usage = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        if (usage is not null)
        {
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], false));
        }

        using var signed = request.Create(_authority, s_begin, end ?? s_end, RandomNumberGenerator.GetBytes(8));
        using var certificate = signed.CopyWithPrivateKey(key);
        var path = Path.Combine(_folder, name);
        if (isPkcs12)
        {
            File.WriteAllBytes($"{path}.p12", certificate.Export(X509ContentType.Pkcs12, "secret"));
            return new TlsFiles { CertificateFile = $"{path}.p12", Password = "secret", AuthorityFile = trusts ?? AuthorityFile };
        }

        File.WriteAllText($"{path}.crt", certificate.ExportCertificatePem());
        File.WriteAllText($"{path}.key", key.ExportPkcs8PrivateKeyPem());
        return new TlsFiles { CertificateFile = $"{path}.crt", KeyFile = $"{path}.key", AuthorityFile = trusts ?? AuthorityFile };
    }

    public void Dispose()
    {
        _authority.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
