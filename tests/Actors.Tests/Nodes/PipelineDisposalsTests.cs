using AkkaCp.Actors.Nodes;
using Xunit;

namespace AkkaCp.Actors.Tests.Nodes;

public class PipelineDisposalsTests
{
    [Fact]
    public async Task AllRanksOfANode_WaitForWhatStillEnds()
    {
        var disposals = new PipelineDisposals();
        var disposal = new TaskCompletionSource();
        disposals.Add(disposal.Task);
        var waiting = new[] { disposals.WaitAsync(Timeout.InfiniteTimeSpan), disposals.WaitAsync(Timeout.InfiniteTimeSpan) };
        Assert.All(waiting, wait => Assert.False(wait.IsCompleted));
        disposal.SetResult();
        await Task.WhenAll(waiting).WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task DisposalThatTakesTooLong_IsLeftToItself()
    {
        var disposals = new PipelineDisposals();
        disposals.Add(new TaskCompletionSource().Task);
        await disposals.WaitAsync(TimeSpan.Zero);
        Assert.True(disposals.WaitAsync(Timeout.InfiniteTimeSpan).IsCompleted);
    }
}
