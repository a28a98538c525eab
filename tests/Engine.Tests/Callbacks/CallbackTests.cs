using System.Net;
using AkkaCp.Actors.Edge;
using AkkaCp.Model.Weights;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Engine.Tests.Callbacks;

/// <summary>The program's own code throws at every occasion; what the engine does is the same as if it did not.</summary>
public sealed class CallbackTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);
    private static readonly int[] s_tokens = [.. Enumerable.Range(1, 40)];
    private static readonly GenerationRequest s_request = new()
    {
        Tokens = s_tokens,
        MaxTokens = 12,
        IgnoreEos = true,
        Sampling = new SamplingOverrides { Temperature = 0 },
    };

    private static readonly EngineOptions s_local = new()
    {
        ModelPath = RepositoryFiles.TinyModel("f32"),
        Tp = 2,
        AttnCp = 2,
        MoeDp = 2,
        Threads = 1,
        MinCpTokens = 0,
        Overrides = new Dictionary<string, string> { ["akka-cp.kv-cache.tokens"] = "512" },
    };

    [Fact]
    public async Task EverythingThrowsInOneProcess_TheAnswerIsTheSame()
    {
        var stop = TestContext.Current.CancellationToken;
        var expected = await AnswerAsync(s_local);
        var (loading, prefill, loggers) =
            (new ThrowingProgress<LoadProgress>(), new ThrowingProgress<PrefillProgress>(), new ThrowingLoggers());
        await using var engine = await InferenceEngine.StartAsync(s_local with { LoggerFactory = loggers, LoadProgress = loading }, stop);

        Assert.Equal(expected, await AnswerAsync(engine));
        await engine.LogitsAsync(s_tokens, (_, _) => { }, prefill, stop);

        Assert.True(loading.Calls > 0 && prefill.Calls > 0);
        Assert.InRange(engine.Health.CallbackFailures, loading.Calls + prefill.Calls, long.MaxValue);
        Assert.Equal((true, 1), (engine.Health.Ready, engine.Health.Epoch));
    }

    [Fact]
    public async Task WhatThrows_IsSaidOnceInTheLog()
    {
        var loggers = new ThrowingLoggers { IsBroken = false };
        var loading = new ThrowingProgress<LoadProgress>();

        await (await InferenceEngine.StartAsync(
            s_local with { LoggerFactory = loggers, LoadProgress = loading }, TestContext.Current.CancellationToken)).DisposeAsync();

        Assert.True(loading.Calls > 1);
        Assert.Contains("the display is gone",
            Assert.Single(loggers.Lines, line => line.Contains(nameof(EngineOptions.LoadProgress), StringComparison.Ordinal)),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task TakerOfRowsThatThrows_EndsItsOwnRequestOnly()
    {
        var stop = TestContext.Current.CancellationToken;
        var expected = await AnswerAsync(s_local);
        await using var engine = await InferenceEngine.StartAsync(s_local, stop);
        var answer = AnswerAsync(engine);

        var error = await Assert.ThrowsAsync<IOException>(() => engine.LogitsAsync(
            s_tokens, (position, _) => throw new IOException($"row {position}"), cancellationToken: stop).WaitAsync(s_patience, stop));

        Assert.StartsWith("row ", error.Message, StringComparison.Ordinal);
        Assert.Equal(expected, await answer);
        Assert.Equal(1, engine.Health.Epoch);
    }

    [Fact]
    public async Task EverythingThrowsInACluster_ItServesOnInItsFirstEpoch_AndTellsItsHealth()
    {
        var stop = TestContext.Current.CancellationToken;
        var expected = await AnswerAsync(s_local);
        var (loggers, waiting, changes) = (new ThrowingLoggers(), new ThrowingProgress<ClusterWait>(), 0);
        var clustered = InCluster() with { LoggerFactory = loggers, ClusterWait = waiting };
        await using var client = await InferenceEngine.StartAsync(clustered, stop);

        // Nobody is there yet: what is not known is not claimed.
        Assert.Null(client.Health.Ready);
        Assert.Null((await client.CheckHealthAsync(TimeSpan.FromMilliseconds(300), stop)).Ready);
        Assert.Equal(2, client.Health.Ranks);

        var answer = AnswerAsync(client);
        await using var node = await ClusterNode.StartAsync(clustered, _ =>
        {
            Interlocked.Increment(ref changes);
            throw new IOException("no space left");
        });

        Assert.Equal(expected, await answer.WaitAsync(s_patience, stop));
        await client.LogitsAsync(s_tokens, (_, _) => { }, new ThrowingProgress<PrefillProgress>(), stop).WaitAsync(s_patience, stop);
        await TakerOfRowsFailsAloneAsync(client);
        Assert.Equal(expected, await AnswerAsync(client).WaitAsync(s_patience, stop));

        var health = await client.CheckHealthAsync(s_patience, stop);
        Assert.Equal((true, 2, 1, 512), (health.Ready, health.Ranks, health.Epoch, health.FreeKvTokens));
        Assert.Null(health.MemoryBytes);
        Assert.True(client.Health.Ready);
        Assert.True(changes > 1 && node.CallbackFailures >= changes);
        Assert.Equal(1, node.Status.Epoch);

        await node.DisposeAsync();
        Assert.Null((await client.CheckHealthAsync(TimeSpan.FromMilliseconds(300), stop)).Ready);
    }

    private static async Task TakerOfRowsFailsAloneAsync(InferenceEngine client) => await Assert.ThrowsAsync<IOException>(
        () => client.LogitsAsync(s_tokens, (_, _) => throw new IOException("a row")).WaitAsync(s_patience));

    private static EngineOptions InCluster()
    {
        var (control, data) = (FreePorts.Take(IPAddress.Loopback), FreePorts.Take(IPAddress.Loopback));
        return s_local with
        {
            Overrides = new Dictionary<string, string>(s_local.Overrides)
            {
                ["akka-cp.cluster.name"] = "callbacks",
                ["akka-cp.cluster.port"] = $"{control}",
                ["akka-cp.cluster.seeds"] = $"[\"127.0.0.1:{control}\"]",
                ["akka-cp.cluster.places"] = "2",
                ["akka-cp.transport.port"] = $"{data}",
            },
        };
    }

    private static async Task<string> AnswerAsync(EngineOptions options)
    {
        await using var engine = await InferenceEngine.StartAsync(options, TestContext.Current.CancellationToken);
        return await AnswerAsync(engine);
    }

    private static async Task<string> AnswerAsync(InferenceEngine engine)
    {
        var tokens = new List<int>();
        await foreach (var chunk in engine.GenerateAsync(s_request, TestContext.Current.CancellationToken))
        {
            if (chunk.Token is { } token)
                tokens.Add(token);
        }

        Assert.Equal(12, tokens.Count);
        return string.Join(',', tokens);
    }
}
