using AkkaCp.Engine.Composition;
using AkkaCp.Engine.Ranks;
using AkkaCp.Model.Weights;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Engine.Tests;

public class RankResourcesTests
{
    [Fact]
    public async Task StageThatOutlivesItsPipeline_ReadsWeightsAndKvToItsEnd()
    {
        var stop = TestContext.Current.CancellationToken;
        var store = new WeightStore();
        var spec = EngineSpec.Create(new EngineOptions { ModelPath = RepositoryFiles.DemoModel, Tp = 1, AttnCp = 1, MoeDp = 1 });
        var rank = Assert.Single(await RankResources.LoadAsync(spec, [(0, 0)], store, null, stop));
        using var begun = new ManualResetEventSlim();
        using var mayEnd = new ManualResetEventSlim();
        var stage = Task.Factory.StartNew(
            () =>
            {
                begun.Set();
                mayEnd.Wait(stop);
                return (rank.Weights.Embedding.View.Rows, rank.Kv.Keys(0).Rows);
            },
            stop, TaskCreationOptions.None, rank.Device.Stream);
        begun.Wait(stop);

        var disposing = Task.Run(rank.Dispose, stop);
        await StreamIsClosedAsync(rank.Device.Stream, stop);
        mayEnd.Set();

        Assert.Equal((spec.Model.VocabSize, spec.KvShapeOf(0).Blocks), await stage);
        await disposing;
        Assert.Throws<ObjectDisposedException>(() => rank.Weights.Embedding.View);
    }

    /// <summary>Ends when the stream refuses work: whatever is freed before its thread has ended is freed by then.</summary>
    private static async Task StreamIsClosedAsync(TaskScheduler stream, CancellationToken stop)
    {
        while (true)
        {
            stop.ThrowIfCancellationRequested();
            try
            {
                _ = Task.Factory.StartNew(() => { }, stop, TaskCreationOptions.None, stream);
            }
            catch (TaskSchedulerException)
            {
                return;
            }

            await Task.Yield();
        }
    }
}
