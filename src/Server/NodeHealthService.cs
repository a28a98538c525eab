using System.Net;
using System.Net.Sockets;
using AkkaCp.Actors.Protocol;
using AkkaCp.Engine;
using AkkaCp.Engine.Composition;
using AkkaCp.Engine.Metrics;
using AkkaCp.Server.Facts;
using AkkaCp.Settings;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Metrics;

namespace AkkaCp.Server;

/// <summary>What a node of a cluster tells probes: <c>GET /health</c> and <c>/metrics</c>, at <c>akka-cp.cluster.health-port</c>.</summary>
public static class NodeHealthService
{
    /// <summary>Listens, and tells until it is disposed.</summary>
    /// <param name="options">The node's.</param>
    /// <param name="status">How the node is.</param>
    /// <param name="cancellationToken">Ends the start.</param>
    /// <returns>Null where no port is configured.</returns>
    /// <exception cref="SettingsException">The port cannot be listened on.</exception>
    public static async Task<IAsyncDisposable?> StartAsync(
        EngineOptions options, Func<NodeStatus> status, CancellationToken cancellationToken = default)
    {
        var cluster = EngineConfiguration.Load(options).Cluster;
        if (cluster.HealthPort == 0)
            return null;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(AddressOf(cluster.Host), cluster.HealthPort);
        });
        builder.Services.AddRoutingCore();
        builder.Services.AddOpenTelemetry().WithMetrics(metrics => metrics.AddMeter(EngineMeter.Name).AddPrometheusExporter());
        var app = builder.Build();
        app.MapPrometheusScrapingEndpoint("/metrics");
        app.Map("/health", context => AnswerAsync(context, status()));
        try
        {
            await app.StartAsync(cancellationToken).ConfigureAwait(false);
            return app;
        }
        catch (Exception error) when (error is IOException or SocketException)
        {
            await app.DisposeAsync().ConfigureAwait(false);
            throw new SettingsException(
                [$"akka-cp.cluster.health-port: expected a free port at {cluster.Host}, found {cluster.HealthPort}: {error.Message}"]);
        }
    }

    // As the control plane listens: on exactly this address.
    private static IPAddress AddressOf(string host) =>
        IPAddress.TryParse(host, out var address) ? address : Dns.GetHostAddresses(host)[0];

    private static Task AnswerAsync(HttpContext context, NodeStatus status)
    {
        context.Response.StatusCode = NodeHealth.IsWell(status) ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        return context.Response.WriteAsJsonAsync(
            NodeHealth.Of(status), FactsJson.Strict.NodeHealth, cancellationToken: context.RequestAborted);
    }
}
