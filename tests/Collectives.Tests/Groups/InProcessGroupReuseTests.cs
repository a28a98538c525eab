using AkkaCp.Collectives.Calls;
using AkkaCp.Collectives.Topology;
using AkkaCp.Npu;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Collectives.Tests.Groups;

/// <summary>Groups use what is behind a call for later calls: no call may feel an earlier one.</summary>
public sealed class InProcessGroupReuseTests
{
    private static readonly CollectiveTag s_tag = new(1, 7, 3, CollectiveKind.KvGather);
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(30);

    private readonly ManualTimeProvider _time = new();
    private readonly RankMesh _mesh;

    public InProcessGroupReuseTests() => _mesh = InProcess.Mesh(new RankTopology(2, AttnCp: 2), s_timeout, _time);

    [Fact]
    public async Task RepeatedCalls_AllocateNoManagedMemory()
    {
        using var pool = new TensorPool();
        using var tensor = pool.Rent(DType.F32, 4, 8);
        using var source = new CancellationTokenSource();
        var data = tensor.View;
        ReadOnlyMemory<int> rows = new[] { 2, 2 };
        // The system's timers are set again without allocating; those of a clock that a test turns are not.
        var mesh = InProcess.Mesh(new RankTopology(2, AttnCp: 2), s_timeout, TimeProvider.System);
        var (first, second) = (mesh.Group(GroupKind.AttnCp, 0), mesh.Group(GroupKind.AttnCp, 1));
        var quietest = long.MaxValue;
        for (var round = 0; round < 8 && quietest > 0; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var layer = 0; layer < 10; layer++)
            {
                var tag = s_tag with { Step = round, Layer = layer };
                var waiting = first.AllGatherAsync(tag, data.Slice(0, 2), data, rows, source.Token);
                var last = second.AllGatherAsync(tag, data.Slice(2, 2), data, rows, source.Token);
                // Both have ended: the awaits stay on this thread, whose bytes are counted.
                Assert.True(waiting.IsCompleted && last.IsCompleted);
                await waiting;
                await last;
            }

            quietest = Math.Min(quietest, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, quietest);
    }

    [Fact]
    public async Task CallAwaitedTwice_IsRefused_AndLaterCallsAreTheirOwn()
    {
        var first = _mesh.Group(GroupKind.AttnCp, 0).BarrierAsync(s_tag, CancellationToken.None);
        await _mesh.Group(GroupKind.AttnCp, 1).BarrierAsync(s_tag, CancellationToken.None);
        await first;
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await first);

        var later = _mesh.Group(GroupKind.AttnCp, 0).BarrierAsync(s_tag with { Layer = 4 }, CancellationToken.None);
        var latest = _mesh.Group(GroupKind.AttnCp, 0).BarrierAsync(s_tag with { Layer = 5 }, CancellationToken.None);
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await first);
        await _mesh.Group(GroupKind.AttnCp, 1).BarrierAsync(s_tag with { Layer = 5 }, CancellationToken.None);
        await latest;
        Assert.False(later.IsCompleted);
        await _mesh.Group(GroupKind.AttnCp, 1).BarrierAsync(s_tag with { Layer = 4 }, CancellationToken.None);
        await later;
    }

    [Fact]
    public async Task TimeOfAnEarlierCall_DoesNotCountForALaterOne()
    {
        await MeetAsync(s_tag, TimeSpan.FromSeconds(20));
        var call = _mesh.Group(GroupKind.AttnCp, 0).BarrierAsync(s_tag with { Layer = 4 }, CancellationToken.None).AsTask();
        _time.Advance(s_timeout - TimeSpan.FromTicks(1));
        Assert.False(call.IsCompleted);
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(s_timeout, (await Assert.ThrowsAsync<PeerLostException>(() => call)).Waited);
    }

    [Fact]
    public async Task TokenOfAnEarlierCall_DoesNotEndALaterOne()
    {
        using var source = new CancellationTokenSource();
        var earlier = _mesh.Group(GroupKind.AttnCp, 0).BarrierAsync(s_tag, source.Token);
        await _mesh.Group(GroupKind.AttnCp, 1).BarrierAsync(s_tag, CancellationToken.None);
        await earlier;

        var later = _mesh.Group(GroupKind.AttnCp, 0).BarrierAsync(s_tag with { Layer = 4 }, CancellationToken.None);
        await source.CancelAsync();
        Assert.False(later.IsCompleted);
        await _mesh.Group(GroupKind.AttnCp, 1).BarrierAsync(s_tag with { Layer = 4 }, CancellationToken.None);
        await later;
    }

    private async Task MeetAsync(CollectiveTag tag, TimeSpan after)
    {
        var first = _mesh.Group(GroupKind.AttnCp, 0).BarrierAsync(tag, CancellationToken.None);
        _time.Advance(after);
        await _mesh.Group(GroupKind.AttnCp, 1).BarrierAsync(tag, CancellationToken.None);
        await first;
    }
}
