using System.Net;
using AkkaCp.Actors.Protocol;
using AkkaCp.Settings;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Server.Tests;

public class NodeHealthTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(NodeState.Joining, HttpStatusCode.ServiceUnavailable, "joining")]
    [InlineData(NodeState.Loading, HttpStatusCode.ServiceUnavailable, "loading")]
    [InlineData(NodeState.Ready, HttpStatusCode.OK, "ready")]
    [InlineData(NodeState.Serving, HttpStatusCode.OK, "serving")]
    [InlineData(NodeState.Draining, HttpStatusCode.ServiceUnavailable, "draining")]
    [InlineData(NodeState.Stopped, HttpStatusCode.ServiceUnavailable, "stopped")]
    public async Task Probe_HearsWhetherTheNodeCouldServe(NodeState state, HttpStatusCode expected, string word)
    {
        var port = FreePorts.Take(IPAddress.Loopback);
        await using var service = await StartAsync(port, new NodeStatus(state, [0, 2], 0.5, 3));
        using var client = new ApiClient($"http://127.0.0.1:{port}");
        var (status, body) = await client.GetAsync("/health");

        Assert.Equal(expected, status);
        Assert.Equal(
            $$"""{"status":"{{word}}","ranks":[0,2],"load_progress":0.5,"epoch":3,"message":""}""", body.ToJsonString());
    }

    [Fact]
    public async Task WithoutAPort_NobodyListens() => Assert.Null(await StartAsync(0, NodeStatus.New));

    [Fact]
    public async Task PortThatIsTaken_IsNamed()
    {
        using var taken = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;

        var error = await Assert.ThrowsAsync<SettingsException>(() => StartAsync(port, NodeStatus.New));
        Assert.Contains("akka-cp.cluster.health-port: expected a free port at 127.0.0.1", error.Message, StringComparison.Ordinal);
    }

    private static Task<IAsyncDisposable?> StartAsync(int port, NodeStatus status) => NodeHealthService.StartAsync(
        DemoService.Options(("akka-cp.cluster.health-port", port == 0 ? "off" : $"{port}")), () => status, Cancelled);
}
