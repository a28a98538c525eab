using AkkaCp.Collectives.Calls;
using AkkaCp.Collectives.Setup;
using AkkaCp.Collectives.Topology;
using AkkaCp.Npu;
using Xunit;

#pragma warning disable xUnit1069 // The deadline guards against calls that wrongly wait, and those end by no token.

namespace AkkaCp.Collectives.Tests.Groups;

/// <summary>A short broadcast is one frame to each process: its root does not wait for its receivers, and they answer nothing.</summary>
public sealed class BroadcastTests : IDisposable
{
    private const int DeadlineMilliseconds = 60_000;

    private static readonly CollectiveTag s_tag = new(1, 1, 0, CollectiveKind.Result);

    private readonly TensorPool _pool = new();

    [Theory(Timeout = DeadlineMilliseconds)]
    [InlineData("0,1")]
    [InlineData("0,1,1")]
    [InlineData("0,1,2")]
    public async Task ShortOne_EndsOnItsRootBeforeTheOthersCall(string layout)
    {
        await using var world = await ConnectAsync(layout);
        var groups = world.Groups(GroupKind.AttnCp);
        var rows = Filled(seed: 7);

        await groups[0].BroadcastAsync(s_tag, rows, 0, default);
        var received = await Task.WhenAll(groups.Skip(1).Select(group => ReceiveAsync(group, s_tag)));

        Assert.All(received, one => Assert.Equal(TestTensors.Bytes(rows), one));
    }

    [Fact(Timeout = DeadlineMilliseconds)]
    public async Task ShortOne_IsOneFrame()
    {
        await using var world = await ConnectAsync("0,1");
        // Heartbeats aside, which are rarer than the time this takes; a barrier is one frame each way.
        var before = world.Planes.Select(plane => plane.Counters.FramesSent).ToArray();
        for (var step = 1; step <= 10; step++)
        {
            await BroadcastAsync(world, s_tag with { Step = step });
        }

        await BarrierAsync(world, step: 11);

        Assert.InRange(world.Planes[0].Counters.FramesSent - before[0], 11, 12);
        Assert.InRange(world.Planes[1].Counters.FramesSent - before[1], 1, 2);
    }

    // With no place left for early frames, the root asks, and its receivers answer when they call.
    [Theory(Timeout = DeadlineMilliseconds)]
    [InlineData("0,1")]
    [InlineData("0,1,2")]
    [InlineData("0,1,1,2")]
    public async Task MoreThanTheReceiversHavePlacesFor_WaitForTheirCalls(string layout)
    {
        await using var world = await ConnectAsync(layout, new DataPlaneOptions { EagerFrames = 1 });
        var groups = world.Groups(GroupKind.AttnCp);
        var tags = Enumerable.Range(1, 6).Select(step => s_tag with { Step = step }).ToArray();
        var roots = tags.Select((tag, i) => groups[0].BroadcastAsync(tag, Filled(i), 0, default).AsTask()).ToArray();
        await roots[0];

        foreach (var (tag, i) in tags.Select((tag, i) => (tag, i)).Reverse())
        {
            Assert.True(i == 0 || !roots[i].IsCompleted);
            var received = await Task.WhenAll(groups.Skip(1).Select(group => ReceiveAsync(group, tag)));
            Assert.All(received, one => Assert.Equal(TestTensors.Bytes(Filled(i)), one));
        }

        await Task.WhenAll(roots);
    }

    // The root has gone on by the time that it hears of the others' mistake, so its step ends.
    [Theory(Timeout = DeadlineMilliseconds)]
    [InlineData("0,1")]
    [InlineData("0,1,2")]
    public async Task RootWhosePeersMeanSomethingElse_LearnsOfItInItsStep(string layout)
    {
        await using var world = await ConnectAsync(layout);
        var groups = world.Groups(GroupKind.AttnCp);
        await groups[0].BroadcastAsync(s_tag, Filled(0), 0, default);

        foreach (var group in groups.Skip(1))
        {
            await Assert.ThrowsAsync<CollectiveMismatchException>(() => group.BarrierAsync(s_tag, default).AsTask());
        }

        await BarrierAsync(world, step: 2);
        await Assert.ThrowsAsync<CollectiveMismatchException>(() => groups[0].BarrierAsync(s_tag with { Layer = 1 }, default).AsTask());
    }

    [Fact(Timeout = DeadlineMilliseconds)]
    public async Task TwoRoots_BothLearnOfItInTheirCallOrTheirStep()
    {
        await using var world = await ConnectAsync("0,1");
        var groups = world.Groups(GroupKind.AttnCp);
        var calls = groups.Select(group => group.BroadcastAsync(s_tag, Filled(0), group.Rank, default).AsTask()).ToArray();

        await BarrierAsync(world, step: 2);

        foreach (var group in groups)
        {
            await Assert.ThrowsAsync<CollectiveMismatchException>(async () =>
            {
                await calls[group.Rank];
                await group.BarrierAsync(s_tag with { Layer = 1 }, default);
            });
        }
    }

    [Fact(Timeout = DeadlineMilliseconds)]
    public async Task ReceiverThatIsCancelled_EndsItsCall()
    {
        await using var world = await ConnectAsync("0,1");
        using var cancellation = new CancellationTokenSource();
        var received = world.Group(GroupKind.AttnCp, 1).BroadcastAsync(s_tag, Empty(), 0, cancellation.Token).AsTask();

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => received);
        await BarrierAsync(world, step: 2);
        await Assert.ThrowsAsync<CollectiveAbortedException>(() =>
            world.Group(GroupKind.AttnCp, 0).BroadcastAsync(s_tag, Filled(0), 0, default).AsTask());
    }

    public void Dispose() => _pool.Dispose();

    private static Task<TestMeshes> ConnectAsync(string layout, DataPlaneOptions? options = null)
    {
        var processes = Layouts.Processes(layout);
        return TestMeshes.ConnectAsync(Layouts.OneGroup(processes.Length), processes, options);
    }

    // Frames keep their order, so behind this everyone has heard of what was told before.
    private static Task BarrierAsync(TestMeshes world, int step) => Task.WhenAll(world.Groups(GroupKind.AttnCp)
        .Select(group => group.BarrierAsync(s_tag with { Step = step }, default).AsTask()));

    private Task BroadcastAsync(TestMeshes world, CollectiveTag tag) => Task.WhenAll(world.Groups(GroupKind.AttnCp)
        .Select(group => group.BroadcastAsync(tag, Filled(0), 0, default).AsTask()));

    private async Task<byte[]> ReceiveAsync(IRankGroup group, CollectiveTag tag)
    {
        var rows = Empty();
        await group.BroadcastAsync(tag, rows, 0, default);
        return TestTensors.Bytes(rows);
    }

    private TensorView Filled(int seed) => TestTensors.Filled(_pool, DType.F32, 3, 5, seed, strided: false);

    private TensorView Empty() => TestTensors.Empty(_pool, DType.F32, 3, 5, strided: false);
}
