using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using AkkaCp.Collectives.Calls;
using AkkaCp.Collectives.Setup;
using AkkaCp.Collectives.Topology;
using AkkaCp.Npu;
using AkkaCp.Testing;
using Xunit;

#pragma warning disable xUnit1069 // The deadline guards against calls that wrongly wait, and those end by no token.

namespace AkkaCp.Collectives.Tests.Connecting;

/// <summary>TLS 1.3, certificates on both sides, one authority.</summary>
public sealed class TlsTests : IDisposable
{
    private const int DeadlineMilliseconds = 60_000;
    private const string EmailUsage = "1.3.6.1.5.5.7.3.4";

    private readonly TestAuthority _authority = new();
    private readonly TensorPool _pool = new();

    [Theory(Timeout = DeadlineMilliseconds)]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task NodesOfOneAuthority_WorkTogether(bool isPkcs12, bool throughAnother)
    {
        var own = _authority.Issue("node", isPkcs12: isPkcs12, throughAnother: throughAnother);
        var options = new DataPlaneOptions { Tls = own.Trusting(_authority) };
        await using var world = await TestMeshes.ConnectAsync(Layouts.OneGroup(2), options);
        var data = Enumerable.Range(0, 2).Select(rank => TestTensors.Filled(_pool, DType.F32, 300, 500, rank, strided: false)).ToArray();
        var expected = data[0].ReadFloats().Zip(data[1].ReadFloats(), (a, b) => a + b).ToArray();

        await Task.WhenAll(world.Groups(GroupKind.AttnCp).Select(group => group.AllReduceAsync(
            new CollectiveTag(1, 1, 0, CollectiveKind.Transfer), data[group.Rank], default).AsTask()));

        Assert.All(data, one => Assert.Equal(expected, one.ReadFloats()));
    }

    [Fact(Timeout = DeadlineMilliseconds)]
    public async Task CertificateOfAnotherAuthority_IsRefusedByBothSides()
    {
        using var others = new TestAuthority();
        // Each trusts the other's authority in turn: once the server's certificate is bad, once the client's.
        await RefusesAsync(Node("here"), others.Issue("there").Trusting(_authority));
        await RefusesAsync(Node("here"), others.Issue("there").Trusting(others));
        await RefusesAsync(Node("here"), others.Issue("there", throughAnother: true).Trusting(_authority));
    }

    [Fact(Timeout = DeadlineMilliseconds)]
    public Task CertificateThatHasExpired_IsRefused() =>
        RefusesAsync(
            Node("here"), _authority.Issue("there", end: new DateTimeOffset(2021, 1, 1, 0, 0, 0, TimeSpan.Zero)).Trusting(_authority));

    [Fact(Timeout = DeadlineMilliseconds)]
    public Task CertificateForAnotherUse_IsRefused() =>
        RefusesAsync(Node("here"), _authority.Issue("there", usage: EmailUsage).Trusting(_authority));

    [Fact(Timeout = DeadlineMilliseconds)]
    public Task PlainProcess_IsRefusedByOneWithTls() => RefusesAsync(Node("here"), null);

    [Fact(Timeout = DeadlineMilliseconds)]
    public async Task ClientWithoutACertificate_IsThrownOut()
    {
        await using var plane = DataPlane.Open(new DataPlaneOptions { Tls = Node("node") });

        await Assert.ThrowsAnyAsync<Exception>(() => GreetAsync(plane.Endpoint, SslProtocols.Tls13, null));

        await Eventually.IsAsync(() => plane.Counters.Refused == 1);
    }

    [Fact(Timeout = DeadlineMilliseconds)]
    public async Task OlderTls_IsRefused()
    {
        var files = Node("node");
        await using var plane = DataPlane.Open(new DataPlaneOptions { Tls = files });
        using var certificate = X509Certificate2.CreateFromPemFile(files.CertificateFile, files.KeyFile);

        await Assert.ThrowsAnyAsync<Exception>(() => GreetAsync(plane.Endpoint, SslProtocols.Tls12, certificate));

        await Eventually.IsAsync(() => plane.Counters.Refused == 1);
    }

    [Fact]
    public void FilesThatAreNotThere_AreToldAtTheStart()
    {
        var files = Node("node") with { AuthorityFile = "/nowhere/ca.crt" };

        Assert.Contains("/nowhere/ca.crt",
            Assert.Throws<TlsFilesException>(() => DataPlane.Open(new DataPlaneOptions { Tls = files })).Message, StringComparison.Ordinal);
    }

    [Fact(Timeout = DeadlineMilliseconds)]
    public async Task FilesThatBecameBad_AreNamedWhenTheyAreNeeded()
    {
        var files = Node("node");
        var log = new RecordingLog();
        await using var plane = DataPlane.Open(new DataPlaneOptions { Tls = files }, log);
        await File.WriteAllTextAsync(files.AuthorityFile, "nothing of use");
        using var certificate = X509Certificate2.CreateFromPemFile(files.CertificateFile, files.KeyFile);

        await Assert.ThrowsAnyAsync<Exception>(() => GreetAsync(plane.Endpoint, SslProtocols.Tls13, certificate));

        await Eventually.IsAsync(() => log.Lines.Any(line => line.Contains(files.AuthorityFile, StringComparison.Ordinal)));
    }

    public void Dispose()
    {
        _authority.Dispose();
        _pool.Dispose();
    }

    private TlsFiles Node(string name) => _authority.Issue(name).Trusting(_authority);

    private static async Task RefusesAsync(TlsFiles? first, TlsFiles? second)
    {
        var options = new DataPlaneOptions { ConnectTimeout = TimeSpan.FromSeconds(2) };
        await using var here = DataPlane.Open(options with { Tls = first });
        await using var there = DataPlane.Open(options with { Tls = second });
        PeerEndpoint[] endpoints = [here.Endpoint, there.Endpoint];

        var calls = new[] { here, there }.Select((plane, rank) => plane.ConnectAsync(new MeshSpec
        {
            Epoch = 1,
            Topology = Layouts.OneGroup(2),
            Endpoints = endpoints,
            LocalRanks = [rank],
            Facts = TestMeshes.Facts,
        }, CancellationToken.None)).ToArray();

        foreach (var call in calls)
            await Assert.ThrowsAsync<MeshConnectException>(() => call);

        await Eventually.IsAsync(() => here.Counters.Refused + there.Counters.Refused > 0);
    }

    // A client of the library's own, that goes on to read as far as it is let.
    private static async Task GreetAsync(PeerEndpoint endpoint, SslProtocols protocols, X509Certificate2? certificate)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(endpoint.Host, endpoint.Port);
        // The certificate of the other side is not this client's concern.
#pragma warning disable CA5359
        await using var tls = new SslStream(client.GetStream(), false, (_, _, _, _) => true);
#pragma warning restore CA5359
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "node",
            EnabledSslProtocols = protocols,
            ClientCertificates = certificate is null ? null : [certificate],
        });
        if (await tls.ReadAsync(new byte[1]) == 0)
            throw new IOException("closed");
    }
}
