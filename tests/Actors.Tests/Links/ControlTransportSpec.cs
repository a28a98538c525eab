using System.Net;
using System.Net.Sockets;
using System.Text;
using Akka.Actor;
using AkkaCp.Actors.Cluster;
using AkkaCp.Actors.Links;
using AkkaCp.Actors.Tests.Cluster;
using AkkaCp.Settings;
using AkkaCp.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace AkkaCp.Actors.Tests.Links;

/// <summary>Who gets in at the control port, and what those hear who do not.</summary>
public sealed class ControlTransportSpec
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(40);

    public static TheoryData<string, byte[]> Strangers => new()
    {
        { "nothing", [] },
        { "a byte", [7] },
        { "HTTP", Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nHost: here\r\n\r\n") },
        { "a frame that is too long", [0xff, 0xff, 0xff, 0x7f, 1, 2, 3] },
        { "an empty frame", [0, 0, 0, 0] },
        { "a frame above a greeting's length", [0x01, 0x10, 0, 0, 1, 2, 3] },
        { "a frame of garbage", [4, 0, 0, 0, 9, 9, 9, 9] },
        { "half a frame", [4, 0, 0, 0, 9] },
        { "half of TLS", [0x16, 0x03, 0x01, 0x02, 0x00, 0x01] },
    };

    [Theory]
    [MemberData(nameof(Strangers))]
    public async Task Stranger_IsClosedInTime(string what, byte[] says)
    {
        var system = Start(new TlsSettings());
        try
        {
            using var socket = new TcpClient();
            await socket.ConnectAsync(IPAddress.Loopback, PortOf(system), TestContext.Current.CancellationToken);
            await socket.GetStream().WriteAsync(says, TestContext.Current.CancellationToken);
            using var patience = new CancellationTokenSource(s_patience);
            try
            {
                while (await socket.GetStream().ReadAsync(new byte[256], patience.Token) > 0)
                {
                    // What it says to a stranger does not matter.
                }
            }
            catch (IOException)
            {
                // Closed with what it had not read.
            }

            Assert.False(patience.IsCancellationRequested, what);
        }
        finally
        {
            await system.Terminate();
        }
    }

    [Fact]
    public async Task ClientThatIsNotLetIn_HearsWhy()
    {
        using var authority = new TestAuthority();
        using var other = new TestAuthority();
        var (plain, secure, foreign) = (Start(new TlsSettings()), Start(authority.Settings("node")), Start(new TlsSettings(), "other"));
        try
        {
            var nobody = FreePorts.Take(IPAddress.Loopback);
            var heard = await Task.WhenAll(
                WaitAsync($"127.0.0.1:{nobody}", new TlsSettings()),
                WaitAsync($"localhost:{PortOf(plain)}", new TlsSettings()),
                WaitAsync($"127.0.0.1:{PortOf(foreign)}", new TlsSettings()),
                WaitAsync($"127.0.0.1:{PortOf(secure)}", new TlsSettings()),
                WaitAsync($"127.0.0.1:{PortOf(plain)}", authority.Settings("client")),
                WaitAsync($"127.0.0.1:{PortOf(secure)}", other.Settings("client")),
                WaitAsync($"127.0.0.1:{PortOf(secure)}", other.Issue("mixed").Trusting(authority)));

            Assert.Contains($"127.0.0.1:{nobody} (refused, nobody listens there)", heard[0]);
            Assert.Contains($"(it calls itself 127.0.0.1:{PortOf(plain)}; only that name reaches it)", heard[1]);
            Assert.Contains("(it is of cluster other, not akka-cp (akka-cp.cluster.name))", heard[2]);
            Assert.Contains("does it want TLS?", heard[3]);
            Assert.Contains("does it have TLS", heard[4]);
            Assert.Contains("TLS: ", heard[5]);
            Assert.Contains("does it trust this certificate?", heard[6]);
        }
        finally
        {
            await Task.WhenAll(plain.Terminate(), secure.Terminate(), foreign.Terminate());
        }
    }

    [Theory]
    [InlineData(SocketError.ConnectionRefused, "refused, nobody listens there")]
    [InlineData(SocketError.HostNotFound, "the name has no address")]
    [InlineData(SocketError.TryAgain, "the name has no address")]
    [InlineData(SocketError.HostUnreachable, "no way to the host")]
    [InlineData(SocketError.NetworkUnreachable, "no way to the host")]
    [InlineData(SocketError.TimedOut, "no answer")]
    public void ReasonWhyNobodyIsReached_IsSaidInWords(SocketError error, string expected) =>
        Assert.Equal(expected, DialProblem.Of(new SocketException((int)error)));

    private static ActorSystem Start(TlsSettings tls, string name = "akka-cp") => ListeningSystem.OfNode(
        new EngineSettings { Cluster = new ClusterSettings { Name = name }, Transport = new TransportSettings { Tls = tls } }, 0,
        NullLoggerFactory.Instance);

    private static int PortOf(ActorSystem system) => ((ExtendedActorSystem)system).Provider.DefaultAddress.Port!.Value;

    /// <summary>What a client says that asks this seed in vain.</summary>
    private static async Task<string> WaitAsync(string seed, TlsSettings tls)
    {
        var heard = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        var settings = new EngineSettings
        {
            Cluster = new ClusterSettings { Seeds = [seed] },
            Transport = new TransportSettings { Tls = tls },
        };
        await using var client = ClientPlane.Start(settings, waiting: wait => heard.TrySetResult(wait.Reason));
        await using var waiting = client.Submit(TestCluster.Request(3, 3)).GetAsyncEnumerator();
        var reply = waiting.MoveNextAsync().AsTask();
        var reason = await heard.Task.WaitAsync(s_patience);
        await client.DisposeAsync();
        await reply;
        return reason;
    }
}
