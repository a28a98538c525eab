using System.Net;
using AkkaCp.Engine;
using AkkaCp.Testing;
using Microsoft.AspNetCore.Builder;

namespace AkkaCp.Server.Tests;

/// <summary>The service as the gateway of a cluster: two nodes with a context-parallel rank each, and the demo model.</summary>
internal sealed class DemoGateway : IAsyncDisposable
{
    private readonly List<ClusterNode> _nodes = [];

    private DemoGateway()
    {
    }

    /// <summary>The gateway.</summary>
    public WebApplication App { get; private set; } = null!;

    /// <summary>Asks it.</summary>
    public ApiClient Client { get; private set; } = null!;

    /// <summary>Starts nodes and gateway, and waits until they answer.</summary>
    public static async Task<DemoGateway> StartAsync()
    {
        var gateway = new DemoGateway();
        try
        {
            var ports = Enumerable.Range(0, 2).Select(_ => FreePorts.Take(IPAddress.Loopback)).ToList();
            var seeds = string.Join(',', ports.Select(port => $"\"127.0.0.1:{port}\""));
            var options = DemoService.Options(("akka-cp.cluster.seeds", $"[{seeds}]"), ("akka-cp.transport.port", "0"));
            for (var i = 0; i < ports.Count; i++)
                gateway._nodes.Add(await ClusterNode.StartAsync(options));
            gateway.App = await DemoService.StartAsync(options);
            gateway.Client = new ApiClient(gateway.App.Urls.First());
            await gateway.Client.UntilReadyAsync();
            return gateway;
        }
        catch
        {
            await gateway.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        Client?.Dispose();
        if (App is not null)
            await App.DisposeAsync();
        foreach (var node in _nodes)
            await node.DisposeAsync();
    }
}
