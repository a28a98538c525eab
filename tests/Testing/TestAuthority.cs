using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace AkkaCp.Testing;

/// <summary>Files of one certificate.</summary>
/// <param name="Certificate">PEM, with the intermediate ones behind it; or PKCS#12.</param>
/// <param name="Key">Its key, PEM; null where it is inside.</param>
/// <param name="Password">Of the key; null for none.</param>
public sealed record TestCertificate(string Certificate, string? Key, string? Password);

/// <summary>An authority of a test's own, and the certificates that it signs, in files of a folder that goes with it.</summary>
public sealed class TestAuthority : IDisposable
{
    private static readonly DateTimeOffset s_begin = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset s_end = new(2100, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly string _folder = Directory.CreateTempSubdirectory("akkacp-tls-").FullName;
    private readonly X509Certificate2 _authority;

    /// <summary>A new authority.</summary>
    public TestAuthority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        _authority = Request("test authority", key, isAuthority: true).CreateSelfSigned(s_begin, s_end);
        File = Path.Combine(_folder, "ca.pem");
        System.IO.File.WriteAllText(File, _authority.ExportCertificatePem());
    }

    /// <summary>The authority's own certificate, PEM.</summary>
    public string File { get; }

    /// <summary>A certificate that this authority signed.</summary>
    /// <param name="name">Its subject, and the name of its files.</param>
    /// <param name="end">When it expires; null for late.</param>
    /// <param name="usage">What alone it is for; null for everything.</param>
    /// <param name="isPkcs12">Whether it is one PKCS#12 file.</param>
    /// <param name="throughAnother">Whether an intermediate authority, whose certificate lies beside it, signed it.</param>
    public TestCertificate Issue(
        string name, DateTimeOffset? end = null, string? usage = null, bool isPkcs12 = false, bool throughAnother = false)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = Request(name, key, isAuthority: false);
        if (usage is not null)
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], false));
        using var intermediate = throughAnother ? Intermediate() : null;
        using var signed = request.Create(intermediate ?? _authority, s_begin, end ?? s_end, RandomNumberGenerator.GetBytes(8));
        using var certificate = signed.CopyWithPrivateKey(key);
        var path = Path.Combine(_folder, name);
        if (isPkcs12)
        {
            System.IO.File.WriteAllBytes($"{path}.p12", certificate.Export(X509ContentType.Pkcs12, "secret"));
            return new TestCertificate($"{path}.p12", null, "secret");
        }

        System.IO.File.WriteAllText($"{path}.pem", $"{certificate.ExportCertificatePem()}\n{intermediate?.ExportCertificatePem()}");
        System.IO.File.WriteAllText($"{path}.key", key.ExportPkcs8PrivateKeyPem());
        return new TestCertificate($"{path}.pem", $"{path}.key", null);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _authority.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static CertificateRequest Request(string name, ECDsa key, bool isAuthority)
    {
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        if (isAuthority)
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return request;
    }

    private X509Certificate2 Intermediate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var signed = Request("test intermediate", key, isAuthority: true)
            .Create(_authority, s_begin, s_end, RandomNumberGenerator.GetBytes(8));
        return signed.CopyWithPrivateKey(key);
    }
}
