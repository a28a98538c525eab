using System.Threading.Tasks.Dataflow;
using Xunit;

namespace AkkaCp.Pipeline.Tests.Running;

/// <summary>Behaviours of TPL Dataflow that the pipeline is built around. When one of these changes, so may the pipeline.</summary>
public sealed class DataflowContractTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task CancellationThatLeavesABlock_LosesTheItemInSilence()
    {
        var block = new TransformBlock<int, int>(i => i == 1 ? throw new OperationCanceledException() : i);
        for (var i = 0; i < 4; i++)
            Assert.True(block.Post(i));

        block.Complete();
        var seen = new List<int>();
        while (await block.OutputAvailableAsync(TestContext.Current.CancellationToken))
            seen.Add(await block.ReceiveAsync(TestContext.Current.CancellationToken));

        await block.Completion.WaitAsync(s_patience, TestContext.Current.CancellationToken);
        Assert.Equal([0, 2, 3], seen);
    }

    [Fact]
    public async Task CompletionFlowsOnlyDownstream_SoAFaultNeedsAGraphWideToken()
    {
        using var graph = new CancellationTokenSource();
        var options = new ExecutionDataflowBlockOptions { BoundedCapacity = 1, CancellationToken = graph.Token };
        var head = new TransformBlock<int, int>(i => i, options);
        var tail = new ActionBlock<int>(_ => throw new InvalidOperationException("broken"), options);
        head.LinkTo(tail, new DataflowLinkOptions { PropagateCompletion = true });
        Assert.True(await head.SendAsync(0, TestContext.Current.CancellationToken));
        await Assert.ThrowsAsync<InvalidOperationException>(
            () => tail.Completion.WaitAsync(s_patience, TestContext.Current.CancellationToken));

        Assert.False(head.Completion.IsCompleted);
        await graph.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => head.Completion.WaitAsync(s_patience, TestContext.Current.CancellationToken));
        Assert.False(await head.SendAsync(1, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void CapacityCountsFinishedOutputsToo()
    {
        var block = new TransformBlock<int, int>(i => i, new ExecutionDataflowBlockOptions { BoundedCapacity = 2 });
        Assert.True(block.Post(0));
        Assert.True(block.Post(1));
        SpinWait.SpinUntil(() => block.OutputCount == 2, s_patience);
        Assert.False(block.Post(2));
    }

    [Fact]
    public async Task FaultedBlock_DropsWhatIsQueued()
    {
        using var gate = new ManualResetEventSlim();
        var ran = 0;
        var block = new ActionBlock<int>(i =>
        {
            gate.Wait(s_patience);
            ran++;
            throw new InvalidOperationException($"item {i}");
        });
        for (var i = 0; i < 4; i++)
            Assert.True(block.Post(i));

        gate.Set();
        await Assert.ThrowsAsync<InvalidOperationException>(
            () => block.Completion.WaitAsync(s_patience, TestContext.Current.CancellationToken));
        Assert.Equal(1, ran);
    }
}
