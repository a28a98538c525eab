using AkkaCp.Engine;
using AkkaCp.Server.Http;
using Microsoft.AspNetCore.Http;

namespace AkkaCp.Server.Facts;

/// <summary><c>GET /health</c>: 200 when requests are answered, 503 while the model loads or nobody can compute.</summary>
internal static class HealthEndpoint
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(3);

    /// <summary>Answers a probe.</summary>
    public static async Task AnswerAsync(ApiCall call)
    {
        if (call.Service.Loaded is not { } engine)
        {
            await WriteAsync(call, new ServiceHealth("loading") { LoadProgress = call.Service.LoadProgress }).ConfigureAwait(false);
            return;
        }

        var health = await engine.CheckHealthAsync(s_patience, call.Aborted).ConfigureAwait(false);
        await WriteAsync(call, Of(health)).ConfigureAwait(false);
    }

    private static ServiceHealth Of(EngineHealth health) => new(health.Ready is true ? "ok" : "no group of ranks")
    {
        Ranks = health.Ranks,
        Epoch = health.Epoch,
        RequestsRunning = health.RunningRequests,
        RequestsWaiting = health.QueuedRequests,
        FreeKvTokens = health.FreeKvTokens,
    };

    private static Task WriteAsync(ApiCall call, ServiceHealth health)
    {
        var isWell = health.Status == "ok";
        if (!isWell)
            call.Context.Response.Headers.RetryAfter = "2";
        return call.WriteAsync(
            health, FactsJson.Strict.ServiceHealth, isWell ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }
}

/// <summary>How the service is.</summary>
/// <param name="Status">ok, loading, or what is missing.</param>
internal sealed record ServiceHealth(string Status)
{
    /// <summary>How much of the weights is loaded, 0 to 1.</summary>
    public double? LoadProgress { get; init; }

    /// <summary>Ranks.</summary>
    public int? Ranks { get; init; }

    /// <summary>The group's epoch.</summary>
    public long? Epoch { get; init; }

    /// <summary>Requests that are computed.</summary>
    public int? RequestsRunning { get; init; }

    /// <summary>Requests that wait for a place.</summary>
    public int? RequestsWaiting { get; init; }

    /// <summary>Tokens that the pools have room for.</summary>
    public long? FreeKvTokens { get; init; }
}
