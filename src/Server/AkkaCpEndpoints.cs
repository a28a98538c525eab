using AkkaCp.Engine;
using AkkaCp.Engine.Composition;
using AkkaCp.Server.Chat;
using AkkaCp.Server.Completions;
using AkkaCp.Server.Description;
using AkkaCp.Server.Facts;
using AkkaCp.Server.Http;
using AkkaCp.Settings;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AkkaCp.Server;

/// <summary>The service as endpoints of an ASP.NET Core application.</summary>
public static class AkkaCpEndpoints
{
    private const string MetricsPath = "/metrics";

    /// <summary>
    /// Maps the OpenAI API and what belongs to it, in front of the engine that <c>AddAkkaCp</c> registered: <c>/v1/…</c>, <c>/tokenize</c>,
    /// <c>/detokenize</c>, <c>/apply-template</c> and <c>/health</c>. How it is served, keys, hosts, limits, stands in the configuration's
    /// <c>akka-cp.server</c>; where it listens is the application's.
    /// </summary>
    /// <returns>For conventions of the application's own on all of them. Authorization is asked for on all but <c>/health</c>, as keys
    /// are.</returns>
    public static IEndpointConventionBuilder MapAkkaCp(this IEndpointRouteBuilder routes)
    {
        ArgumentNullException.ThrowIfNull(routes);
        return Map(routes, ServiceOf(routes.ServiceProvider));
    }

    /// <summary>As the other overload, in front of an engine that the application started, and owns.</summary>
    /// <param name="routes">The application's.</param>
    /// <param name="engine">The engine.</param>
    /// <param name="settings">How it is served. Default: as the reference configuration has it.</param>
    public static IEndpointConventionBuilder MapAkkaCp(
        this IEndpointRouteBuilder routes, InferenceEngine engine, ServerSettings? settings = null)
    {
        ArgumentNullException.ThrowIfNull(routes);
        ArgumentNullException.ThrowIfNull(engine);
        settings ??= new ServerSettings();
        return Map(routes, Ending(routes.ServiceProvider, new ApiService(
            () => engine, () => 1, settings, routes.ServiceProvider.GetRequiredService<ILogger<ApiService>>(),
            settings.Limits.MaxRequests)));
    }

    /// <summary>Maps them in an application that is nothing but this service, which answers every other path, too.</summary>
    internal static void MapAkkaCpAlone(this IEndpointRouteBuilder routes)
    {
        var service = ServiceOf(routes.ServiceProvider);
        Map(routes, service);
        routes.MapApi(service, HttpMethods.Get, "/openapi/v1.json", ApiDescription.AnswerAsync);
        if (service.Settings.Metrics)
        {
            var scrape = routes.CreateApplicationBuilder().UseOpenTelemetryPrometheusScrapingEndpoint(MetricsPath).Build();
            routes.MapApi(service, HttpMethods.Get, MetricsPath, call => scrape(call.Context), needsKey: false);
        }

        routes.MapNothing(service, "/{**path}");
    }

    private static RouteGroupBuilder Map(IEndpointRouteBuilder routes, ApiService service)
    {
        var all = routes.MapGroup("");
        all.MapApi(service, HttpMethods.Post, "/v1/chat/completions", ChatEndpoint.AnswerAsync);
        all.MapApi(service, HttpMethods.Post, "/v1/completions", CompletionsEndpoint.AnswerAsync);
        all.MapApi(service, HttpMethods.Get, "/v1/models", ModelsEndpoints.ListAsync);
        all.MapApi(service, HttpMethods.Get, "/v1/models/{**id}", ModelsEndpoints.OneAsync);
        all.MapApi(service, HttpMethods.Get, "/v1/cluster", ClusterEndpoint.AnswerAsync);
        all.MapApi(service, HttpMethods.Get, "/v1/openapi.json", ApiDescription.AnswerAsync);
        all.MapApi(service, HttpMethods.Post, "/tokenize", TokenEndpoints.TokenizeAsync);
        all.MapApi(service, HttpMethods.Post, "/detokenize", TokenEndpoints.DetokenizeAsync);
        all.MapApi(service, HttpMethods.Post, "/apply-template", TokenEndpoints.ApplyTemplateAsync);
        foreach (var path in (string[])["/health", "/v1/health"])
            all.MapApi(service, HttpMethods.Get, path, HealthEndpoint.AnswerAsync, needsKey: false).AllowAnonymous();
        all.MapNothing(service, "/v1/{**path}");
        return all;
    }

    private static ApiService ServiceOf(IServiceProvider services)
    {
        var host = services.GetRequiredService<EngineHost>();
        var settings = EngineConfiguration.Load(services.GetRequiredService<IOptions<EngineOptions>>().Value);
        return Ending(services, new ApiService(
            () => host.Loaded, () => host.LoadProgress, settings.Server, services.GetRequiredService<ILogger<ApiService>>(),
            settings.Server.Limits.MaxRequests ?? settings.Scheduler.MaxRunning + settings.Scheduler.QueueLimit));
    }

    private static ApiService Ending(IServiceProvider services, ApiService service)
    {
        services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopped.Register(service.Limits.Dispose);
        return service;
    }
}
