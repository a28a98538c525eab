using System.Net;
using AkkaCp.Model.Weights;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Engine.Tests.Starting;

/// <summary>Whoever gives a start up, at whatever it is, waits for it no longer, and nothing is left of it.</summary>
public sealed class CancelledStartTests
{
    private const int FewStarts = 12;
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task CancelledBefore_ReadsNothing() => await Assert.ThrowsAnyAsync<OperationCanceledException>(
        () => InferenceEngine.StartAsync(new EngineOptions { ModelPath = "/nowhere" }, new CancellationToken(canceled: true)));

    [Fact]
    public async Task CancelledBetweenRequestsThatAreKnown_EncodesNoFurther()
    {
        using var cancelling = new CancellationTokenSource();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => InferenceEngine.StartAsync(Options(new TestResources()), Known(), cancelling.Token));

        IEnumerable<GenerationRequest> Known()
        {
            yield return new GenerationRequest { Tokens = [1] };
            cancelling.Cancel();
            yield return new GenerationRequest { Tokens = [1] };
            throw new InvalidOperationException("it asks on");
        }
    }

    [Fact]
    public async Task CancelledAtAnyRequestForMemoryOrAThread_EndsAndLeavesNothing()
    {
        var whole = new TestResources();
        await (await InferenceEngine.StartAsync(Options(whole), TestContext.Current.CancellationToken)).DisposeAsync();
        var all = whole.Requests;

        foreach (var request in Enumerable.Range(0, FewStarts).Select(part => part * (all - 1) / (FewStarts - 1)))
        {
            await EndsAsync(
                $"request {request}", cancel => new TestResources { Asked = asked => CancelAt(asked == request, cancel) }, null);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.5)]
    [InlineData(1)]
    public async Task CancelledWhileWeightsAreLoaded_EndsAndLeavesNothing(double share) => await EndsAsync(
        $"{share} of the weights", _ => new TestResources(),
        cancel => new Progress(loaded => CancelAt(loaded.BytesDone >= share * loaded.BytesTotal, cancel)));

    [Fact]
    public async Task NodeCancelledAtItsBegin_EndsAndLeavesNothing()
    {
        using var cancelling = new CancellationTokenSource();
        var resources = new TestResources { Asked = _ => cancelling.Cancel() };

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => ClusterNode.StartAsync(InCluster(Options(resources)), cancellationToken: cancelling.Token).WaitAsync(s_patience));

        await NothingIsLeftAsync("begin", resources);
    }

    [Fact]
    public async Task NodeThatIsDisposedWhileItsLoadingHangs_EndsAndLeavesNothing()
    {
        var resources = new TestResources { Held = 20 };
        var node = await ClusterNode.StartAsync(InCluster(Options(resources)), cancellationToken: TestContext.Current.CancellationToken);
        Assert.True(resources.IsHeld.Wait(s_patience, TestContext.Current.CancellationToken));

        await node.DisposeAsync().AsTask().WaitAsync(s_patience, TestContext.Current.CancellationToken);

        resources.Release.Set();
        await NothingIsLeftAsync("hang", resources);
    }

    private static async Task EndsAsync(
        string phase, Func<CancellationTokenSource, TestResources> resources,
        Func<CancellationTokenSource, IProgress<LoadProgress>>? progress)
    {
        using var cancelling = new CancellationTokenSource();
        var system = resources(cancelling);
        var options = Options(system) with { LoadProgress = progress?.Invoke(cancelling) };

        var error = await Record.ExceptionAsync(
            async () => await (await InferenceEngine.StartAsync(options, cancelling.Token).WaitAsync(s_patience)).DisposeAsync());

        Assert.True(error is OperationCanceledException, $"{phase}: {error?.ToString() ?? "it started"}");
        await NothingIsLeftAsync(phase, system);
    }

    private static async Task NothingIsLeftAsync(string phase, TestResources resources)
    {
        using var patience = new CancellationTokenSource(s_patience);
        while ((resources.Blocks > 0 || !resources.HaveThreadsEnded(TimeSpan.Zero)) && !patience.IsCancellationRequested)
            await Task.Delay(5);
        Assert.False(patience.IsCancellationRequested, $"{phase}: {resources.Blocks} blocks are left");
    }

    private static void CancelAt(bool isThere, CancellationTokenSource cancelling)
    {
        if (isThere)
            cancelling.Cancel();
    }

    private static EngineOptions Options(TestResources resources) => new()
    {
        ModelPath = RepositoryFiles.TinyModel("f32"),
        Tp = 2,
        AttnCp = 2,
        Threads = 1,
        Resources = resources,
        Overrides = new Dictionary<string, string>
        {
            ["akka-cp.kv-cache.tokens"] = "64",
            ["akka-cp.scheduler.start-timeout"] = "1s",
        },
    };

    private static EngineOptions InCluster(EngineOptions options)
    {
        var (control, data) = (FreePorts.Take(IPAddress.Loopback), FreePorts.Take(IPAddress.Loopback));
        return options with
        {
            Overrides = new Dictionary<string, string>(options.Overrides)
            {
                ["akka-cp.cluster.name"] = $"cancelled-{control}",
                ["akka-cp.cluster.port"] = $"{control}",
                ["akka-cp.cluster.seeds"] = $"[\"127.0.0.1:{control}\"]",
                ["akka-cp.cluster.places"] = "2",
                ["akka-cp.transport.port"] = $"{data}",
            },
        };
    }

    private sealed class Progress(Action<LoadProgress> report) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value) => report(value);
    }
}
