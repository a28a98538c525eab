using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AkkaCp.Collectives;
using AkkaCp.Engine.Composition;
using AkkaCp.Settings;
using AkkaCp.Testing;
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
        var error = Assert.Throws<SettingsException>(() => NodePlace.OpenDataPlane(Settings("another"), NullLogger.Instance));
        Assert.Contains("akka-cp.transport", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ControlPort_IsOneThatTheSeedsNameForTheHost()
    {
        var ports = Enumerable.Range(0, 3).Select(_ => FreePorts.Take(IPAddress.Loopback)).ToArray();
        var cluster = new ClusterSettings
        {
            Seeds = [$"10.0.0.9:{ports[0] + 1}", $"127.0.0.1:{ports[0]}", $"localhost:{ports[1]}", $"127.0.0.1:{ports[0]}"],
        };

        Assert.Equal([ports[0], ports[1]], NodePlace.ControlPorts(cluster));
        Assert.Equal([ports[2], ports[0], ports[1]], NodePlace.ControlPorts(cluster with { Port = ports[2] }));
        Assert.Equal([ports[1], ports[0]], NodePlace.ControlPorts(cluster with { Port = ports[1] }));
        Assert.Equal([0, ports[0], ports[1]], NodePlace.ControlPorts(cluster with { Port = 0 }));
    }

    [Fact]
    public void PortThatCannotBeOpened_IsSaidAsWhatItIs()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;

        Assert.Equal(
            $"akka-cp.cluster.port: expected a port of 127.0.0.1 that is free, found {port} taken",
            ProblemOf(() => NodePlace.ControlPorts(new ClusterSettings { Port = port })));
        Assert.Equal(
            "akka-cp.cluster.host: expected an address of this machine, found 203.0.113.7",
            ProblemOf(() => NodePlace.ControlPorts(new ClusterSettings { Host = "203.0.113.7", Port = port })));
        Assert.Equal(
            "akka-cp.cluster.host: expected an address, or a name that has one, found no-such-host.invalid",
            ProblemOf(() => NodePlace.ControlPorts(new ClusterSettings { Host = "no-such-host.invalid", Port = port })));

        var transport = new EngineSettings { Transport = new TransportSettings { Host = "203.0.113.7", Port = port, Insecure = true } };
        Assert.Equal(
            "akka-cp.transport.host: expected an address of this machine, found 203.0.113.7",
            ProblemOf(() => NodePlace.OpenDataPlane(transport, NullLogger.Instance)));
        transport = new EngineSettings { Transport = new TransportSettings { Port = port } };
        Assert.Equal(
            $"akka-cp.transport.port: expected a port of 127.0.0.1 that is free, found {port} taken",
            ProblemOf(() => NodePlace.OpenDataPlane(transport, NullLogger.Instance)));
    }

    [Theory]
    [InlineData(
        SocketError.AccessDenied, "akka-cp.cluster.port: expected a port that this process may open, found 80, which needs more rights")]
    [InlineData(SocketError.AddressFamilyNotSupported, "akka-cp.cluster: ::1:80 cannot be listened on: ")]
    public void OtherReasons_AreSaidToo(SocketError error, string expected) => Assert.StartsWith(
        expected, ListenProblem.Of("akka-cp.cluster", "::1", 80, new SocketException((int)error)), StringComparison.Ordinal);

    private static string ProblemOf(Action open) => Assert.Single(Assert.Throws<SettingsException>(open).Problems);

    private EngineSettings Settings(string password)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=node", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        var (file, authority) = (Path.Combine(_folder, "node.pfx"), Path.Combine(_folder, "ca.pem"));
        File.WriteAllBytes(file, certificate.Export(X509ContentType.Pkcs12, Password));
        File.WriteAllText(authority, certificate.ExportCertificatePem());
        return new EngineSettings
        {
            Transport = new TransportSettings
            {
                Port = 0,
                Tls = new TlsSettings { Certificate = file, Password = password, Ca = authority },
            },
        };
    }
}
