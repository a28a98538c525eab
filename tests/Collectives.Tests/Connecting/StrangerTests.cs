using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using AkkaCp.Collectives.Calls;
using AkkaCp.Collectives.Setup;
using AkkaCp.Collectives.Topology;
using Xunit;

#pragma warning disable xUnit1069 // The deadline guards against calls that wrongly wait, and those end by no token.

namespace AkkaCp.Collectives.Tests.Connecting;

/// <summary>What is not a peer at all: closed, counted, logged once, and nobody else is harmed.</summary>
public sealed class StrangerTests
{
    private const int DeadlineMilliseconds = 120_000;
    private const int Streams = 1000;

    [Fact(Timeout = DeadlineMilliseconds)]
    public async Task RandomByteStreams_AreRefusedAndCounted_WhileCallsGoOn()
    {
        var log = new RecordingLog();
        await using var plane = DataPlane.Open(new DataPlaneOptions(), log);
        await using var other = DataPlane.Open(new DataPlaneOptions());
        var meshes = await Task.WhenAll(
            plane.ConnectAsync(Spec(0, plane, other), CancellationToken.None),
            other.ConnectAsync(Spec(1, plane, other), CancellationToken.None));
        var random = new Random(7);

        for (var i = 0; i < Streams; i++)
        {
            var bytes = new byte[random.Next(1, 300)];
            random.NextBytes(bytes);
            if (i % 3 == 0)
            {
                // The right beginning, so that some come further.
                "AKCP"u8.CopyTo(bytes.Length >= 4 ? bytes : bytes = new byte[4]);
            }

            Send(plane.Endpoint, bytes);
            if (i % 100 == 0)
            {
                await Task.WhenAll(meshes.Select(mesh => mesh.Group(GroupKind.AttnCp, Array.IndexOf(meshes, mesh))
                    .BarrierAsync(new CollectiveTag(1, i, 0, CollectiveKind.Transfer), default).AsTask()));
            }
        }

        Assert.Equal(Streams, plane.Counters.Refused);
        Assert.Equal(0, plane.Counters.Broken);
        // One line of each kind and minute.
        Assert.InRange(log.Lines.Count(line => line.StartsWith("Refused", StringComparison.Ordinal)), 1, 8);
    }

    [Fact(Timeout = DeadlineMilliseconds)]
    public async Task HttpClient_IsRefusedAsAnotherProgram()
    {
        var log = new RecordingLog();
        await using var plane = DataPlane.Open(new DataPlaneOptions(), log);
        using var client = new HttpClient();

        await Assert.ThrowsAnyAsync<HttpRequestException>(() => client.GetAsync(new Uri($"http://{plane.Endpoint}/v1/models")));

        Assert.Equal(1, plane.Counters.Refused);
        Assert.Contains("not this protocol", Assert.Single(log.Lines), StringComparison.Ordinal);
    }

    [Fact(Timeout = DeadlineMilliseconds)]
    public async Task ConnectionWithoutAGreeting_IsClosedInTime()
    {
        var options = new DataPlaneOptions { HandshakeTimeout = TimeSpan.FromMilliseconds(200) };
        await using var plane = DataPlane.Open(options);
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Parse(plane.Endpoint.Host), plane.Endpoint.Port);

        Assert.Equal(0, await ReadToEndAsync(client));
        await Eventually.IsAsync(() => plane.Counters.Refused == 1);
    }

    [Fact(Timeout = DeadlineMilliseconds)]
    public async Task MoreHandshakesThanAllowed_ShowTheOldestOut()
    {
        var options = new DataPlaneOptions { MaxPendingHandshakes = 2, HandshakeTimeout = TimeSpan.FromMinutes(5) };
        await using var plane = DataPlane.Open(options);
        var idle = new List<TcpClient>();
        for (var i = 0; i < 3; i++)
        {
            var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Parse(plane.Endpoint.Host), plane.Endpoint.Port);
            idle.Add(client);
        }

        Assert.Equal(0, await ReadToEndAsync(idle[0]));
        await Eventually.IsAsync(() => plane.Counters.Refused == 1);
        idle.ForEach(client => client.Dispose());
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.0.3")]
    [InlineData("::1")]
    public async Task Listener_BindsExactlyTheConfiguredAddress(string host)
    {
        await using var plane = DataPlane.Open(new DataPlaneOptions { Host = host });

        var bound = IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners()
            .Where(listener => listener.Port == plane.Endpoint.Port).ToArray();

        Assert.Equal(new IPEndPoint(IPAddress.Parse(host), plane.Endpoint.Port), Assert.Single(bound));
    }

    [Fact]
    public async Task AddressBeyondLoopback_NeedsTlsOrTheWord()
    {
        var error = Assert.Throws<ArgumentException>(() => DataPlane.Open(new DataPlaneOptions { Host = "0.0.0.0" }));
        Assert.Contains("insecure", error.Message, StringComparison.Ordinal);

        await using var open = DataPlane.Open(
            new DataPlaneOptions { Host = "0.0.0.0", Insecure = true, AdvertisedHost = "node-1", AdvertisedPort = 99 });
        Assert.Equal("node-1:99", open.Endpoint.ToString());
    }

    [Fact]
    public void OptionsThatMakeNoSense_AreRefusedWithAllReasons()
    {
        var error = Assert.Throws<ArgumentException>(() => DataPlane.Open(new DataPlaneOptions
        {
            Port = 70000,
            EagerFrames = 0,
            HeartbeatInterval = TimeSpan.FromSeconds(9),
        }));

        foreach (var name in (string[])["Port", "EagerFrames", "HeartbeatInterval"])
            Assert.Contains($"{name}: expected", error.Message, StringComparison.Ordinal);
    }

    [Fact(Timeout = DeadlineMilliseconds)]
    public async Task Probe_MeasuresTheWay_OrSaysWhyNot()
    {
        await using var here = DataPlane.Open(new DataPlaneOptions());
        await using var there = DataPlane.Open(new DataPlaneOptions());

        var probe = await here.ProbeAsync(there.Endpoint, 3 << 20, CancellationToken.None);
        Assert.Null(probe.Problem);
        Assert.True(probe.RoundTrip > TimeSpan.Zero && probe.BytesPerSecond > 0);

        await there.DisposeAsync();
        Assert.NotNull((await here.ProbeAsync(there.Endpoint, 0, CancellationToken.None)).Problem);
    }

    private static void Send(PeerEndpoint endpoint, byte[] bytes)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(IPAddress.Parse(endpoint.Host), endpoint.Port);
        var rest = new byte[2048];
        try
        {
            socket.Send(bytes);
            socket.Shutdown(SocketShutdown.Send);
            // Until it is thrown out, so that the count is complete when the test looks.
            while (socket.Receive(rest) > 0)
            {
                // An answer to a greeting of another version.
            }
        }
        catch (SocketException)
        {
            // Thrown out with bytes unread.
        }
    }

    private static async Task<int> ReadToEndAsync(TcpClient client)
    {
        try
        {
            return await client.GetStream().ReadAsync(new byte[1]);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private static MeshSpec Spec(int rank, DataPlane first, DataPlane second) => new()
    {
        Epoch = 1,
        Topology = Layouts.OneGroup(2),
        Endpoints = [first.Endpoint, second.Endpoint],
        LocalRanks = [rank],
        Facts = TestMeshes.Facts,
    };
}
