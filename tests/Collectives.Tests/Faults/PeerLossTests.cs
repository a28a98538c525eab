using AkkaCp.Collectives.Calls;
using AkkaCp.Collectives.Groups;
using AkkaCp.Collectives.Setup;
using AkkaCp.Collectives.Topology;
using AkkaCp.Collectives.Wire;
using AkkaCp.Npu;
using Xunit;

#pragma warning disable xUnit1069 // The deadline guards against calls that wrongly wait, and those end by no token.

namespace AkkaCp.Collectives.Tests.Faults;

/// <summary>A process that goes away ends the calls that need it, on everybody, and no others.</summary>
public sealed class PeerLossTests : IDisposable
{
    private const int DeadlineMilliseconds = 60_000;
    private const int Columns = 1000;

    private static readonly CollectiveTag s_tag = new(1, 1, 0, CollectiveKind.KvGather);

    private readonly TensorPool _pool = new();

    [Theory(Timeout = DeadlineMilliseconds)]
    [InlineData(0)]
    [InlineData(FrameHeader.Bytes / 2)]
    [InlineData(FrameHeader.Bytes)]
    [InlineData(FrameHeader.Bytes + 100_000)]
    public async Task PeerKilledInsideAFrame_IsLostForEveryMember(int bytesSent)
    {
        await using var world = await RawWorld.ConnectAsync(Layouts.OneGroup(3));
        int[] rows = [40, 40, 40];
        var shape = new CallShape { Operation = GroupOperation.AllGather, RowLength = Columns, RowsPerRank = rows };
        var calls = Enumerable.Range(0, 2).Select(rank => GatherAsync(world.Group(GroupKind.AttnCp, rank), s_tag, rows)).ToArray();
        var frame = new byte[FrameHeader.Bytes + (rows[2] * Columns * sizeof(float))];
        RawWorld.Block(GroupKind.AttnCp, 0, s_tag, 2, shape).Write(frame);
        foreach (var plane in world.Planes)
            world.Raw.Send(plane.Endpoint, frame.AsSpan(0, bytesSent));

        world.Raw.Dispose();

        foreach (var call in calls)
        {
            var lost = await Assert.ThrowsAsync<PeerLostException>(() => call);
            Assert.Equal([2], lost.Missing);
        }

        foreach (var mesh in world.Meshes)
            Assert.Equal([2], (await mesh.Lost).Ranks);

        // Later calls of the group end at once; nothing is left open.
        await Assert.ThrowsAsync<PeerLostException>(() =>
            world.Group(GroupKind.AttnCp, 0).BarrierAsync(s_tag with { Step = 2, Kind = CollectiveKind.Transfer }, default).AsTask());
    }

    [Fact(Timeout = DeadlineMilliseconds)]
    public async Task SilentPeer_IsLostWhenItsLivenessEnds()
    {
        var options = new DataPlaneOptions
        {
            LivenessTimeout = TimeSpan.FromMilliseconds(300),
            HeartbeatInterval = TimeSpan.FromMilliseconds(50),
        };
        await using var world = await RawWorld.ConnectAsync(Layouts.OneGroup(2), options);

        var call = world.Group(GroupKind.AttnCp, 0).BarrierAsync(s_tag with { Kind = CollectiveKind.Transfer }, default).AsTask();

        Assert.Contains("nothing moved", (await Assert.ThrowsAsync<PeerLostException>(() => call)).Message, StringComparison.Ordinal);
    }

    // The stimulus is time itself: a rank that computes for several liveness timeouts before it makes its call.
    [Fact(Timeout = DeadlineMilliseconds)]
    public async Task SlowPeerThatLives_IsWaitedFor()
    {
        var options = new DataPlaneOptions
        {
            LivenessTimeout = TimeSpan.FromMilliseconds(600),
            HeartbeatInterval = TimeSpan.FromMilliseconds(100),
        };
        await using var world = await TestMeshes.ConnectAsync(Layouts.OneGroup(2), options);
        var tag = s_tag with { Kind = CollectiveKind.Transfer };
        var early = world.Group(GroupKind.AttnCp, 0).BarrierAsync(tag, default).AsTask();

        await Task.Delay(options.LivenessTimeout * 2.5);
        Assert.False(early.IsCompleted);
        await world.Group(GroupKind.AttnCp, 1).BarrierAsync(tag, default);
        await early;
    }

    [Fact(Timeout = DeadlineMilliseconds)]
    public async Task MeshThatIsClosed_EndsWaitingCallsHereAndThere()
    {
        await using var world = await TestMeshes.ConnectAsync(Layouts.OneGroup(3));
        int[] rows = [40, 40, 40];
        var calls = Enumerable.Range(0, 2).Select(rank => GatherAsync(world.Group(GroupKind.AttnCp, rank), s_tag, rows)).ToArray();

        await world.Meshes[0].DisposeAsync();

        foreach (var call in calls)
        {
            var lost = await Assert.ThrowsAsync<PeerLostException>(() => call);
            Assert.Equal([0], lost.Missing);
            Assert.Contains("closed the epoch", lost.Message, StringComparison.Ordinal);
        }

        Assert.Contains("closed the epoch", (await world.Meshes[2].Lost).Reason, StringComparison.Ordinal);
        await Assert.ThrowsAsync<TaskCanceledException>(() => world.Meshes[0].Lost);
    }

    // Ranks 0 and 2 are one group, 1 and 3 the other; rank 3's process goes.
    [Fact(Timeout = DeadlineMilliseconds)]
    public async Task GroupsWithoutTheLostPeer_GoOn()
    {
        await using var world = await RawWorld.ConnectAsync(new RankTopology(4, 2, 2));
        world.Raw.Dispose();
        Assert.Equal([3], (await world.Meshes[0].Lost).Ranks);
        await world.Meshes[1].Lost;
        await world.Meshes[2].Lost;

        await Task.WhenAll(
            GatherAsync(world.Group(GroupKind.AttnCp, 0), s_tag, [40, 3]), GatherAsync(world.Group(GroupKind.AttnCp, 2), s_tag, [40, 3]));
        await Assert.ThrowsAsync<PeerLostException>(() => GatherAsync(world.Group(GroupKind.AttnCp, 1), s_tag, [40, 3]));
    }

    public void Dispose() => _pool.Dispose();

    private Task GatherAsync(IRankGroup group, CollectiveTag tag, int[] rows)
    {
        var send = TestTensors.Filled(_pool, DType.F32, rows[group.Rank], Columns, group.Rank, strided: false);
        var receive = TestTensors.Empty(_pool, DType.F32, rows.Sum(), Columns, strided: false);
        return group.AllGatherAsync(tag, send, receive, rows, CancellationToken.None).AsTask();
    }
}
