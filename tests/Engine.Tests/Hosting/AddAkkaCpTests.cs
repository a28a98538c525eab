using AkkaCp.Testing;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Xunit;

namespace AkkaCp.Engine.Tests.Hosting;

public class AddAkkaCpTests
{
    [Fact]
    public async Task WrongOptions_KeepTheHostFromStarting_WithAllReasons()
    {
        using var host = Build(new EngineOptions
        {
            ModelPath = RepositoryFiles.DemoModel,
            Tp = 5,
            AttnCp = 2,
            MoeDp = 3,
        });

        var error = await Assert.ThrowsAsync<OptionsValidationException>(() =>
            host.StartAsync(TestContext.Current.CancellationToken));

        Assert.True(error.Failures.Count() >= 2, error.Message);
    }

    [Fact]
    public async Task UnknownKey_IsNamed()
    {
        using var host = Build(new EngineOptions
        {
            ModelPath = RepositoryFiles.DemoModel,
            Overrides = new Dictionary<string, string> { ["akka-cp.scheduler.chunk-token"] = "3" },
        });

        var error = await Assert.ThrowsAsync<OptionsValidationException>(() =>
            host.StartAsync(TestContext.Current.CancellationToken));

        Assert.Contains("chunk-token", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ChatClient_IsRegistered()
    {
        using var host = Build(new EngineOptions { ModelPath = RepositoryFiles.DemoModel });

        var client = host.Services.GetRequiredService<IChatClient>();

        Assert.Equal("demo", client.GetService<ChatClientMetadata>()!.DefaultModelId);
    }

    [Fact]
    public async Task ChatClient_KnowsTheModelOfTheConfiguration_AndTheEngineOnceItHasLoaded()
    {
        var stop = TestContext.Current.CancellationToken;
        using var host = Build(new EngineOptions
        {
            Overrides = new Dictionary<string, string>
            {
                ["akka-cp.model.path"] = RepositoryFiles.TinyModel("f32"),
                ["akka-cp.kv-cache.tokens"] = "64",
            },
        });
        var client = host.Services.GetRequiredService<IChatClient>();
        var engines = host.Services.GetRequiredService<EngineHost>();

        Assert.Equal("tiny-f32", client.GetService<ChatClientMetadata>()!.DefaultModelId);
        Assert.Null(client.GetService<InferenceEngine>());
        Assert.Null(await engines.CheckHealthAsync(TimeSpan.FromSeconds(1), stop));

        await host.StartAsync(stop);
        var engine = await engines.GetEngineAsync(stop);

        Assert.Same(engine, client.GetService<InferenceEngine>());
        Assert.True((await engines.CheckHealthAsync(TimeSpan.FromSeconds(1), stop))!.Ready);
        await host.StopAsync(stop);
        Assert.False((await engine.CheckHealthAsync(TimeSpan.FromSeconds(1), stop)).Ready);
    }

    private static IHost Build(EngineOptions options)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Services.AddAkkaCp(options);
        return builder.Build();
    }
}
