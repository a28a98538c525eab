using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AkkaCp.Actors.Settings;
using AkkaCp.Engine.Cluster;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace AkkaCp.Engine.Tests.Cluster;

public sealed class NodePlaceTests : IDisposable
{
    private const string Password = "of the key";

    private readonly string _folder = Directory.CreateTempSubdirectory("akkacp-place").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task DataPlane_TakesAKeyInsideThePkcs12FileWithItsPassword()
    {
        await using var plane = NodePlace.OpenDataPlane(Settings(Password), NullLogger.Instance);

        Assert.Equal("127.0.0.1", plane.Endpoint.Host);
        var error = Assert.Throws<CpSettingsException>(() => NodePlace.OpenDataPlane(Settings("another"), NullLogger.Instance));
        Assert.Contains("akka-cp.transport", error.Message, StringComparison.Ordinal);
    }

    private CpSettings Settings(string password)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=node", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        var (file, authority) = (Path.Combine(_folder, "node.pfx"), Path.Combine(_folder, "ca.pem"));
        File.WriteAllBytes(file, certificate.Export(X509ContentType.Pkcs12, Password));
        File.WriteAllText(authority, certificate.ExportCertificatePem());
        return new CpSettings
        {
            Transport = new TransportSettings
            {
                Port = 0,
                Tls = new TlsSettings { Certificate = file, Password = password, Ca = authority },
            },
        };
    }
}
