using AkkaCp.Engine;
using AkkaCp.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

[assembly: AssemblyFixture(typeof(AkkaCp.Server.Tests.DemoService))]

namespace AkkaCp.Server.Tests;

/// <summary>The service as <c>akkacp serve</c> runs it, with the demo model on two ranks, on a port of its own.</summary>
public sealed class DemoService : IAsyncLifetime
{
    private WebApplication? _app;

    /// <summary>Asks it.</summary>
    internal ApiClient Client { get; private set; } = null!;

    internal static EngineOptions Options(params (string Key, string Value)[] overrides) => new()
    {
        ModelPath = RepositoryFiles.DemoModel,
        Tp = 2,
        AttnCp = 2,
        MoeDp = 2,
        Threads = 1,
        Overrides = overrides.Append(("akka-cp.server.port", "0")).ToDictionary(pair => pair.Item1, pair => pair.Item2),
    };

    /// <summary>A service that listens; its model may still be loading.</summary>
    internal static async Task<WebApplication> StartAsync(EngineOptions options)
    {
        var app = AkkaCpService.Create(options, NullLoggerFactory.Instance);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return app;
    }

    public async ValueTask InitializeAsync()
    {
        _app = await StartAsync(Options());
        Client = new ApiClient(_app.Urls.First());
        await Client.UntilReadyAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app!.DisposeAsync();
    }
}
