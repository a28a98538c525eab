using System.Net;
using System.Net.NetworkInformation;
using AkkaCp.Actors.Cluster;
using AkkaCp.Actors.Links;
using AkkaCp.Actors.Protocol;
using AkkaCp.Settings;
using AkkaCp.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace AkkaCp.Actors.Tests.Cluster;

/// <summary>Who may speak to the control plane, and where it listens.</summary>
public class ControlPlaneSpec
{
    private const string ServerUsage = "1.3.6.1.5.5.7.3.1";
    private const string EmailUsage = "1.3.6.1.5.5.7.3.4";
    private static readonly TimeSpan s_attempt = TimeSpan.FromSeconds(3);

    [Fact]
    public async Task ClusterWithTls_ServesThoseOfItsAuthorityAndNobodyElse()
    {
        using var authority = new TestAuthority();
        using var stranger = new TestAuthority();
        await using var cluster = new TestCluster(tls: authority.Settings("node"));
        var (a, b) = (cluster.Start("a"), cluster.Start("b"));
        await cluster.ServedBy(a, b);
        var request = TestCluster.Request(20, 10);
        await TestCluster.Read(cluster.Client().Submit(request), request);

        await using var known = Client(cluster, authority.Issue("through", throughAnother: true).Trusting(authority));
        Assert.NotNull(await known.StatusAsync(TestCluster.Patience));
        foreach (var tls in new[]
        {
            stranger.Settings("client"), stranger.Issue("mixed").Trusting(authority), new TlsSettings(),
            authority.Issue("late", end: new DateTimeOffset(2021, 1, 1, 0, 0, 0, TimeSpan.Zero)).Trusting(authority),
            authority.Issue("mail", usage: EmailUsage).Trusting(authority),
            authority.Issue("server", usage: ServerUsage).Trusting(authority),
        })
        {
            await using var client = Client(cluster, tls);
            Assert.Null(await client.StatusAsync(s_attempt));
        }

        Assert.Equal(NodeState.Serving, a.Node.Status.State);
    }

    [Fact]
    public async Task CertificatesThatAreReplaced_AreThoseOfTheNextConnection()
    {
        using var authority = new TestAuthority();
        using var next = new TestAuthority();
        var own = authority.Settings("node");
        await using var cluster = new TestCluster(tls: own);
        var (a, b) = (cluster.Start("a"), cluster.Start("b"));
        await cluster.ServedBy(a, b);

        var replaced = next.Settings("node");
        File.Copy(replaced.Certificate!, own.Certificate!, overwrite: true);
        File.Copy(replaced.Key!, own.Key!, overwrite: true);
        File.Copy(replaced.Ca!, own.Ca!, overwrite: true);

        await using var client = Client(cluster, next.Settings("client"));
        Assert.NotNull(await client.StatusAsync(TestCluster.Patience));
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.0.7")]
    public async Task Node_ListensOnTheConfiguredAddressAndNowhereElse(string host)
    {
        var settings = new EngineSettings { Cluster = new ClusterSettings { Host = host, Port = 0 } };
        var system = ListeningSystem.OfNode(settings, 0, NullLoggerFactory.Instance);
        try
        {
            var port = ushort.Parse(ControlAddress.Of(system).Split(':')[1]);
            var listeners = IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Where(listener => listener.Port == port);
            Assert.Equal([IPAddress.Parse(host)], listeners.Select(listener => listener.Address.MapToIPv4()));
        }
        finally
        {
            await system.Terminate();
        }
    }

    [Fact]
    public async Task PortInUse_IsNamed()
    {
        var system = ListeningSystem.OfNode(
            new EngineSettings { Cluster = new ClusterSettings { Port = 0 } }, 0, NullLoggerFactory.Instance);
        try
        {
            var port = ushort.Parse(ControlAddress.Of(system).Split(':')[1]);
            var problem = Assert.Single(Assert.Throws<SettingsException>(
                () => ListeningSystem.OfNode(new EngineSettings(), port, NullLoggerFactory.Instance)).Problems);
            Assert.Equal($"akka-cp.cluster.port: expected a port of 127.0.0.1 that is free, found {port} taken", problem);
        }
        finally
        {
            await system.Terminate();
        }
    }

    [Theory]
    [InlineData("203.0.113.7", 0, "akka-cp.cluster.host: expected an address of this machine, found 203.0.113.7")]
    [InlineData("no-such-host.invalid", 0, "akka-cp.cluster.host: expected an address, or a name that has one, found no-such-host.invalid")]
    public void AddressThatIsNotHere_IsNamedAsThat(string host, int port, string expected)
    {
        var settings = new EngineSettings { Cluster = new ClusterSettings { Host = host } };
        var refused = Assert.Throws<SettingsException>(() => ListeningSystem.OfNode(settings, port, NullLoggerFactory.Instance));
        Assert.Equal(expected, Assert.Single(refused.Problems));
    }

    [Fact]
    public void CertificateThatCannotBeRead_IsNamed()
    {
        using var authority = new TestAuthority();
        var tls = authority.Settings("node");
        foreach (var (wrong, key) in new[]
        {
            (tls with { Certificate = "/no/such.pem" }, "certificate"), (tls with { Key = tls.Ca }, "certificate"),
            (tls with { Ca = tls.Key }, "ca"), (tls with { Ca = "/no/such.pem" }, "ca"),
        })
        {
            var settings = new EngineSettings { Transport = new TransportSettings { Tls = wrong } };
            var problem = Assert.Single(Assert.Throws<SettingsException>(
                () => ListeningSystem.OfNode(settings, 0, NullLoggerFactory.Instance)).Problems);
            Assert.Contains($"akka-cp.transport.tls.{key}: ", problem);
        }
    }

    [Fact]
    public void ClientWithoutSeeds_IsRefused() => Assert.Contains(
        "akka-cp.cluster.seeds", Assert.Throws<SettingsException>(() => ClientPlane.Start(new EngineSettings())).Message);

    private static ClientPlane Client(TestCluster cluster, TlsSettings tls) =>
        ClientPlane.Start(cluster.Settings(0) with { Transport = new TransportSettings { Tls = tls } });
}
