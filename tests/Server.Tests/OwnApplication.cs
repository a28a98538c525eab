using AkkaCp.Engine;
using AkkaCp.Engine.Tests;
using AkkaCp.Settings;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace AkkaCp.Server.Tests;

/// <summary>Somebody's application that has the service among its own endpoints, on a port of its own.</summary>
internal static class OwnApplication
{
    /// <summary>Starts it.</summary>
    /// <param name="settings">How it serves.</param>
    /// <param name="engine">What it serves; default: one that says hello.</param>
    /// <param name="services">Its own services.</param>
    /// <param name="pipeline">What is its own.</param>
    /// <param name="conventions">What it asks of all of the service's endpoints.</param>
    public static async Task<WebApplication> StartAsync(
        ServerSettings settings, InferenceEngine? engine = null, Action<IServiceCollection>? services = null,
        Action<WebApplication>? pipeline = null, Action<IEndpointConventionBuilder>? conventions = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        services?.Invoke(builder.Services);
        var app = builder.Build();
        pipeline?.Invoke(app);
        var endpoints = app.MapAkkaCp(engine ?? TestModel.Saying("hello").Engine, settings);
        conventions?.Invoke(endpoints);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return app;
    }
}
