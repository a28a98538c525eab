using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AkkaCp.Actors.Settings;

namespace AkkaCp.Actors.Tests.Cluster;

/// <summary>An authority of a test's own, and certificates that it signs, in a folder that goes with it.</summary>
internal sealed class TestAuthority : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("akkacp-tls-");
    private readonly X509Certificate2 _authority;

    public TestAuthority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=test authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        _authority = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(Path.Combine(_folder.FullName, "ca.pem"), _authority.ExportCertificatePem());
    }

    /// <summary>Settings with a new certificate.</summary>
    public TlsSettings Issue(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        using var certificate = request.Create(
            _authority, DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1), RandomNumberGenerator.GetBytes(8));
        var (file, keyFile) = (Path.Combine(_folder.FullName, $"{name}.pem"), Path.Combine(_folder.FullName, $"{name}.key"));
        File.WriteAllText(file, certificate.ExportCertificatePem());
        File.WriteAllText(keyFile, key.ExportPkcs8PrivateKeyPem());
        return new TlsSettings { Certificate = file, Key = keyFile, Ca = Path.Combine(_folder.FullName, "ca.pem") };
    }

    public void Dispose()
    {
        _authority.Dispose();
        _folder.Delete(recursive: true);
    }
}
