using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AkkaCp.Collectives.Setup;

namespace AkkaCp.Bench.Transport;

/// <summary>An authority and one node certificate, for both processes of a run.</summary>
internal sealed class BenchCertificates : IDisposable
{
    private const string Password = "bench";

    private readonly bool _isOwner;

    private BenchCertificates(string folder, bool isOwner) => (Folder, _isOwner) = (folder, isOwner);

    /// <summary>Where the files are.</summary>
    public string Folder { get; }

    public TlsFiles Files => new()
    {
        CertificateFile = Path.Combine(Folder, "node.p12"),
        Password = Password,
        AuthorityFile = Path.Combine(Folder, "ca.crt"),
    };

    /// <summary>Those of the folder behind --tls, or new ones.</summary>
    public static BenchCertificates Create(string[] args)
    {
        var given = args.SkipWhile(arg => arg != "--tls").Skip(1).FirstOrDefault();
        if (given is not null)
            return new BenchCertificates(given, isOwner: false);

        var certificates = new BenchCertificates(Directory.CreateTempSubdirectory("akkacp-bench-").FullName, isOwner: true);
        certificates.Write();
        return certificates;
    }

    public void Dispose()
    {
        if (_isOwner)
            Directory.Delete(Folder, recursive: true);
    }

    private void Write()
    {
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=bench authority", authorityKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var authority = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(2));
        File.WriteAllText(Files.AuthorityFile, authority.ExportCertificatePem());

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var signed = new CertificateRequest("CN=bench node", key, HashAlgorithmName.SHA256)
            .Create(authority, authority.NotBefore, authority.NotAfter, RandomNumberGenerator.GetBytes(8));
        using var node = signed.CopyWithPrivateKey(key);
        File.WriteAllBytes(Files.CertificateFile, node.Export(X509ContentType.Pkcs12, Password));
    }
}
