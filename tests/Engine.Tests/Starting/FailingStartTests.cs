using System.Net;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Engine.Tests.Starting;

/// <summary>What a start does that the system refuses something to, one thing after the other.</summary>
public sealed class FailingStartTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);
    private static readonly string s_model = RepositoryFiles.TinyModel("f32");

    [Fact]
    public async Task EachRequestThatIsRefused_EndsTheStartWithItsCauseAndLeavesNothing()
    {
        for (var refused = 0; ; refused++)
        {
            var resources = new TestResources { Refused = refused };
            var start = InferenceEngine.StartAsync(Options(resources), TestContext.Current.CancellationToken);
            var error = await Record.ExceptionAsync(async () =>
            {
                await using var engine = await start.WaitAsync(s_patience, TestContext.Current.CancellationToken);
                Assert.True(resources.Requests <= refused, $"request {refused} was refused, and the engine started");
            });

            Assert.Equal(0, resources.Blocks);
            Assert.True(resources.HaveThreadsEnded(s_patience), $"request {refused}: a thread is left");
            if (error is null)
            {
                // All that a start asks for: two ranks' threads and memory, each weight, each layer's K and V.
                Assert.InRange(refused, 40, 2000);
                return;
            }

            Assert.IsType<RefusedException>(error);
        }
    }

    [Fact]
    public async Task RefusalOnAClusterNode_EndsTheNodeWithItsCauseAndLeavesNothing()
    {
        var whole = new TestResources();
        await (await InferenceEngine.StartAsync(Options(whole), TestContext.Current.CancellationToken)).DisposeAsync();
        int[] refused = [1, whole.Requests / 3, 2 * whole.Requests / 3, whole.Requests - 1];

        await Task.WhenAll(refused.Select(EndsANodeAsync));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(20)]
    public async Task StartThatHangs_EndsAfterItsTimeoutAndIsGivenBackOnceItGoesOn(int held)
    {
        var resources = new TestResources { Held = held };

        var error = await Record.ExceptionAsync(() => InferenceEngine.StartAsync(
            WithTimeout(resources, "300ms"), TestContext.Current.CancellationToken).WaitAsync(s_patience));

        Assert.Contains("start-timeout", Assert.IsType<TimeoutException>(error).Message, StringComparison.Ordinal);
        resources.Release.Set();
        await NothingIsLeftAsync(resources);
    }

    [Fact]
    public async Task StartThatHangs_CanBeCancelled()
    {
        var resources = new TestResources { Held = 20 };
        using var cancelling = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var start = InferenceEngine.StartAsync(WithTimeout(resources, "1s"), cancelling.Token);
        Assert.True(resources.IsHeld.Wait(s_patience, TestContext.Current.CancellationToken));

        await cancelling.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => start.WaitAsync(s_patience));
        resources.Release.Set();
        await NothingIsLeftAsync(resources);
    }

    private static async Task EndsANodeAsync(int refused)
    {
        var resources = new TestResources { Refused = refused };
        var (control, data) = (FreePorts.Take(IPAddress.Loopback), FreePorts.Take(IPAddress.Loopback));
        var options = Options(resources) with
        {
            Overrides = new Dictionary<string, string>
            {
                ["akka-cp.kv-cache.tokens"] = "64",
                ["akka-cp.cluster.name"] = $"refused-{refused}",
                ["akka-cp.cluster.port"] = $"{control}",
                ["akka-cp.cluster.seeds"] = $"[\"127.0.0.1:{control}\"]",
                ["akka-cp.cluster.places"] = "2",
                ["akka-cp.transport.port"] = $"{data}",
            },
        };
        Exception? error;
        try
        {
            await using var node = await ClusterNode.StartAsync(options);
            error = await Record.ExceptionAsync(() => node.Completion.WaitAsync(s_patience));
        }
        catch (RefusedException atOnce)
        {
            error = atOnce;
        }

        Assert.IsType<RefusedException>(error);
        Assert.Equal(0, resources.Blocks);
        Assert.True(resources.HaveThreadsEnded(s_patience), $"request {refused}: a thread is left");
    }

    private static EngineOptions Options(TestResources resources) => new()
    {
        ModelPath = s_model,
        Tp = 2,
        AttnCp = 2,
        MoeDp = 2,
        Threads = 2,
        Resources = resources,
        Overrides = new Dictionary<string, string> { ["akka-cp.kv-cache.tokens"] = "64" },
    };

    private static EngineOptions WithTimeout(TestResources resources, string timeout) => Options(resources) with
    {
        Overrides = new Dictionary<string, string>
        {
            ["akka-cp.kv-cache.tokens"] = "64",
            ["akka-cp.scheduler.start-timeout"] = timeout,
        },
    };

    private static async Task NothingIsLeftAsync(TestResources resources)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(s_patience);
        while (resources.Blocks > 0 || !resources.HaveThreadsEnded(TimeSpan.Zero))
            await Task.Delay(20, patience.Token);
    }
}
