using System.Net;
using System.Net.Sockets;
using AkkaCp.Engine;
using AkkaCp.Engine.Composition;
using AkkaCp.Engine.Metrics;
using AkkaCp.Settings;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Metrics;

namespace AkkaCp.Server;

/// <summary>The service as a program of its own: <c>akkacp serve</c>.</summary>
public static class AkkaCpService
{
    private static readonly TimeSpan s_slack = TimeSpan.FromSeconds(15);

    /// <summary>An application that serves an engine at <c>akka-cp.server.host</c> and <c>port</c>; it is still to be started.</summary>
    /// <param name="options">The engine.</param>
    /// <param name="loggers">Takes its log.</param>
    /// <exception cref="SettingsException">The configuration is wrong; all mistakes.</exception>
    public static WebApplication Create(EngineOptions options, ILoggerFactory loggers)
    {
        var settings = EngineConfiguration.Load(options);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton(loggers);
        builder.Services.AddSingleton(settings.Server);
        builder.Services.AddAkkaCp(options);
        builder.Services.AddRoutingCore();
        if (settings.Server.Metrics)
        {
            builder.Services.AddOpenTelemetry().WithMetrics(metrics => metrics
                .AddMeter(EngineMeter.Name, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel").AddPrometheusExporter());
        }

        // The engine drains while the listener does: what still runs at the drain's end gets its last word, and connections then end.
        builder.Services.Configure<HostOptions>(
            host => (host.ServicesStopConcurrently, host.ShutdownTimeout) = (true, settings.Scheduler.DrainTimeout + s_slack));
        builder.WebHost.ConfigureKestrel(kestrel => Configure(kestrel, settings.Server));
        var app = builder.Build();
        app.MapAkkaCpAlone();
        return app;
    }

    /// <summary>Starts such an application: it listens when this returns, and its model loads.</summary>
    /// <exception cref="SettingsException">The address or the port cannot be listened on.</exception>
    public static async Task StartAsync(WebApplication app, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(app);
        try
        {
            await app.StartAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (IOException error) when (error.InnerException is AddressInUseException)
        {
            var server = app.Services.GetRequiredService<ServerSettings>();
            throw new SettingsException(
                [$"akka-cp.server.port: expected a free port at {server.Host}, found {server.Port} in use"]);
        }
        catch (SocketException error)
        {
            var server = app.Services.GetRequiredService<ServerSettings>();
            throw new SettingsException(
                [$"akka-cp.server.host: expected an address of this machine, found {server.Host}: {error.Message}"]);
        }
    }

    private static void Configure(KestrelServerOptions kestrel, ServerSettings settings)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxConcurrentConnections = settings.MaxConnections;
        kestrel.Limits.MaxRequestBodySize = settings.MaxBody;
        kestrel.Limits.RequestHeadersTimeout = settings.Limits.HeadersTimeout;
        kestrel.Limits.MaxRequestHeadersTotalSize = settings.Limits.MaxHeaders;
        kestrel.Limits.KeepAliveTimeout = settings.Limits.KeepAliveTimeout;
        // What a reader may be slow by is the write timeout's to say, and a stream that prefills has nothing to send.
        kestrel.Limits.MinResponseDataRate = null;
        kestrel.AllowAlternateSchemes = false;
        if (settings.Host == "localhost")
            kestrel.ListenLocalhost(settings.Port);
        else
            kestrel.Listen(AddressOf(settings.Host), settings.Port);
    }

    private static IPAddress AddressOf(string host) => IPAddress.TryParse(host.Trim('[', ']'), out var address)
        ? address
        : throw new SettingsException([$"akka-cp.server.host: expected localhost or an IP address, found {host}"]);
}
