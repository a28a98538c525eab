using AkkaCp.Collectives.Calls;
using AkkaCp.Collectives.Topology;
using AkkaCp.Npu;
using AkkaCp.Testing;
using Xunit;

#pragma warning disable xUnit1069 // The deadline guards against calls that wrongly wait, and those end by no token.

namespace AkkaCp.Collectives.Tests.Groups;

public sealed class InProcessGroupFaultTests : IDisposable
{
    // A call that wrongly waits fails its test instead of hanging the run.
    private const int DeadlineMilliseconds = 60_000;

    private static readonly CollectiveTag s_tag = new(1, 7, 3, CollectiveKind.KvGather);
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(30);

    private readonly TensorPool _pool = new();
    private readonly ManualTimeProvider _time = new();
    private readonly RankMesh _mesh;

    public InProcessGroupFaultTests() => _mesh = InProcess.Mesh(new RankTopology(4, 2, 2), s_timeout, _time);

    [Fact(Timeout = DeadlineMilliseconds)]
    public async Task MissingPeer_EndsTheCallWithinTheTimeout()
    {
        var call = Cp(0).BarrierAsync(s_tag, CancellationToken.None);
        _time.Advance(s_timeout - TimeSpan.FromTicks(1));
        Assert.False(call.IsCompleted);
        _time.Advance(TimeSpan.FromTicks(1));

        var lost = await Assert.ThrowsAsync<PeerLostException>(() => call);
        Assert.Equal(("ATTN_CP[0,2]", s_tag, s_timeout), (lost.Group, lost.Tag, lost.Waited));
        Assert.Equal([1], lost.Missing);
        Assert.Equal(
            "ATTN_CP[0,2], KvGather of layer 3, step 7, epoch 1: member 1 did not come within 30 s", lost.Message);
    }

    [Fact(Timeout = DeadlineMilliseconds)]
    public async Task LatePeer_FailsAtOnce_AndOtherTagsStillWork()
    {
        var call = Cp(0).BarrierAsync(s_tag, CancellationToken.None);
        _time.Advance(s_timeout);
        await Assert.ThrowsAsync<PeerLostException>(() => call);

        var late = Cp(2).BarrierAsync(s_tag, CancellationToken.None);
        Assert.True(late.IsFaulted);
        await Assert.ThrowsAsync<PeerLostException>(() => late);

        var next = s_tag with { Step = 8 };
        await Task.WhenAll(Cp(0).BarrierAsync(next, CancellationToken.None), Cp(2).BarrierAsync(next, CancellationToken.None));
    }

    [Fact(Timeout = DeadlineMilliseconds)]
    public async Task CompleteCall_LeavesNoTimer()
    {
        await Task.WhenAll(Cp(0).BarrierAsync(s_tag, CancellationToken.None), Cp(2).BarrierAsync(s_tag, CancellationToken.None));
        Assert.Equal(0, _time.ActiveTimers);
        Assert.All(_mesh.Groups.All, group => Assert.Equal((0, 0), group.Counts));
    }

    [Fact(Timeout = DeadlineMilliseconds)]
    public async Task Cancelling_EndsTheCallAndItsPeers()
    {
        using var source = new CancellationTokenSource();
        var groups = Wide(3);
        var cancelled = groups[1].BarrierAsync(s_tag, source.Token);
        var waiting = groups[2].BarrierAsync(s_tag, CancellationToken.None);
        await source.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.Equal(1, (await Assert.ThrowsAsync<CollectiveAbortedException>(() => waiting)).Rank);
        await Assert.ThrowsAsync<CollectiveAbortedException>(() => groups[0].BarrierAsync(s_tag, CancellationToken.None));
    }

    [Fact(Timeout = DeadlineMilliseconds)]
    public async Task CallWithACancelledToken_TakesNoPart_AndItsPeersHearOfIt()
    {
        var waiting = Cp(0).BarrierAsync(s_tag, CancellationToken.None);
        var call = Cp(2).BarrierAsync(s_tag, new CancellationToken(true));
        Assert.True(call.IsCanceled);
        await Assert.ThrowsAsync<CollectiveAbortedException>(() => waiting);
    }

    [Fact(Timeout = DeadlineMilliseconds)]
    public async Task CancellingAfterTheEnd_DoesNothing()
    {
        using var source = new CancellationTokenSource();
        await Task.WhenAll(Cp(0).BarrierAsync(s_tag, source.Token), Cp(2).BarrierAsync(s_tag, source.Token));
        await source.CancelAsync();
        Assert.All(_mesh.Groups.All, group => Assert.Equal((0, 0), group.Counts));
    }

    [Fact(Timeout = DeadlineMilliseconds)]
    public async Task Abort_EndsWaitingAndLaterCallsOfTheStep_AndNoOthers()
    {
        var waiting = Cp(0).BarrierAsync(s_tag, CancellationToken.None);
        var otherStep = Cp(0).BarrierAsync(s_tag with { Step = 8 }, CancellationToken.None);
        var next = InProcess.Mesh(new RankTopology(4, 2, 2), s_timeout, _time, epoch: 2);
        var otherEpoch = Cp(0, next).BarrierAsync(s_tag with { Epoch = 2 }, CancellationToken.None);
        Cp(2).Abort(1, 7, "its stage threw");

        var left = await Assert.ThrowsAsync<CollectiveAbortedException>(() => waiting);
        Assert.Equal((1, "its stage threw"), (left.Rank, left.Reason));
        var later = Cp(0).BarrierAsync(s_tag with { Layer = 4 }, CancellationToken.None);
        Assert.True(later.IsFaulted);
        await Assert.ThrowsAsync<CollectiveAbortedException>(() => later);

        await Task.WhenAll(otherStep, Cp(2).BarrierAsync(s_tag with { Step = 8 }, CancellationToken.None));
        await Task.WhenAll(otherEpoch, Cp(2, next).BarrierAsync(s_tag with { Epoch = 2 }, CancellationToken.None));
    }

    [Fact(Timeout = DeadlineMilliseconds)]
    public async Task Faults_AreForgottenAfterSome()
    {
        for (var step = 0; step < 1000; step++)
        {
            Cp(0).Abort(1, step, "test");
            await Assert.ThrowsAsync<CollectiveAbortedException>(() =>
                Cp(2).BarrierAsync(s_tag with { Step = step }, CancellationToken.None));
            Assert.True(Cp(2).BarrierAsync(s_tag with { Step = step + 5000 }, new CancellationToken(true)).IsCanceled);
        }

        Assert.All(_mesh.Groups.All, group => Assert.InRange(group.Counts.Remembered, 0, 512));
        Assert.All(_mesh.Groups.All, group => Assert.Equal(0, group.Counts.Open));
    }

    public static TheoryData<string> Disagreements => ["rows", "row length", "type", "operation", "ends", "data rows"];

    [Theory(Timeout = DeadlineMilliseconds)]
    [MemberData(nameof(Disagreements))]
    public async Task Disagreement_EndsTheCallOnEveryMember(string about)
    {
        using var f32 = _pool.Rent(DType.F32, 8, 4);
        using var bf16 = _pool.Rent(DType.BF16, 8, 4);
        var groups = Wide(3);
        var all = f32.View.Slice(0, 6);
        (Func<Task> first, Func<Task> second) = about switch
        {
            "rows" => (
                Gather(0, f32.View.Slice(0, 2), all, [2, 2, 2]),
                Gather(1, f32.View.Slice(0, 1), all, [2, 1, 3])),
            "row length" => (
                Gather(0, f32.View.Slice(0, 2), all, [2, 2, 2]),
                Gather(1, f32.View.Slice(0, 2).Columns(0, 3), all.Columns(0, 3), [2, 2, 2])),
            "type" => (
                Gather(0, f32.View.Slice(0, 2), all, [2, 2, 2]),
                Gather(1, bf16.View.Slice(0, 2), bf16.View.Slice(0, 6), [2, 2, 2])),
            "operation" => (Gather(0, f32.View.Slice(0, 2), all, [2, 2, 2]), Reduce(1, f32)),
            "ends" => (Transfer(0, 0, 1), Transfer(1, 1, 0)),
            _ => (Reduce(0, f32.View.Slice(0, 2)), Reduce(1, f32.View.Slice(0, 3))),
        };

        var waiting = first();
        Assert.False(waiting.IsCompleted);
        var error = await Assert.ThrowsAsync<CollectiveMismatchException>(second);
        Assert.Equal(("ATTN_CP[0,1,2]", s_tag, 1), (error.Group, error.Tag, error.Rank));
        Assert.NotEqual(error.Expected, error.Found);
        Assert.Equal(error.Message, (await Assert.ThrowsAsync<CollectiveMismatchException>(() => waiting)).Message);
        await Assert.ThrowsAsync<CollectiveMismatchException>(() => groups[2].BarrierAsync(s_tag, default));
        return;

        Func<Task> Gather(int member, TensorView send, TensorView receive, int[] rows) =>
            () => groups[member].AllGatherAsync(s_tag, send, receive, rows, default);
        Func<Task> Reduce(int member, TensorView data) => () => groups[member].AllReduceAsync(s_tag, data, default);
        Func<Task> Transfer(int member, int from, int to) => () => groups[member].TransferAsync(s_tag, f32, from, to, default);
    }

    [Fact(Timeout = DeadlineMilliseconds)]
    public async Task CallWrongByItself_EndsItsPeersToo()
    {
        using var tensor = _pool.Rent(DType.F32, 4, 4);
        using var half = _pool.Rent(DType.BF16, 4, 4);
        TensorView data = tensor, bf16 = half;
        var tag = s_tag;
        Func<Task>[] calls =
        [
            () => Cp(2).AllGatherAsync(tag, data.Slice(0, 1), data, new[] { 2, 2 }, default),
            () => Cp(2).AllGatherAsync(tag, data.Slice(0, 2), data.Slice(0, 3), new[] { 2, 2 }, default),
            () => Cp(2).AllGatherAsync(tag, data.Slice(0, 2), data, new[] { 2, 2, 0 }, default),
            () => Cp(2).AllGatherAsync(tag, data.Slice(0, 2), data, new[] { -2, 2 }, default),
            () => Cp(2).AllReduceAsync(tag, bf16, default),
            () => Cp(2).TransferAsync(tag, data, 0, 2, default),
            () => Cp(2).TransferAsync(tag, data, -1, 0, default),
            () => Cp(2).TransferAsync(tag, data, 1, 1, default),
        ];

        foreach (var call in calls)
        {
            tag = tag with { Layer = tag.Layer + 1 };
            var waiting = Cp(0).BarrierAsync(tag, default);
            await Assert.ThrowsAsync<CollectiveMismatchException>(call);
            await Assert.ThrowsAsync<CollectiveMismatchException>(() => waiting);
        }
    }

    [Fact(Timeout = DeadlineMilliseconds)]
    public async Task SecondCallOfAMember_IsRefused()
    {
        var first = Cp(0).BarrierAsync(s_tag, default);
        var error = await Assert.ThrowsAsync<CollectiveMismatchException>(() => Cp(0).BarrierAsync(s_tag, default));
        Assert.Equal("a second one", error.Found);
        await Assert.ThrowsAsync<CollectiveMismatchException>(() => first);
    }

    // tp 4, attn_cp 2: ATTN_CP is {0,2},{1,3} and ATTN_TP {0,1},{2,3}. Rank 0 takes the one for the other.
    [Theory(Timeout = DeadlineMilliseconds)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task WrongGroup_IsSeen_WhoeverComesFirst(bool wrongOneFirst)
    {
        using var tensor = _pool.Rent(DType.F32, 4, 4);
        TensorView data = tensor;
        var anywhere = s_tag with { Kind = CollectiveKind.Transfer };
        Task Wrong() => Of(GroupKind.AttnTp, 0).AllReduceAsync(anywhere, data, default);
        Task Right() => Cp(2).AllReduceAsync(anywhere, data, default);

        var first = wrongOneFirst ? Wrong() : Right();
        Assert.False(first.IsCompleted);
        var error = await Assert.ThrowsAsync<CollectiveMismatchException>(wrongOneFirst ? Right : Wrong);
        Assert.Equal(wrongOneFirst ? "ATTN_CP[0,2]" : "ATTN_TP[0,1]", error.Found);
        await Assert.ThrowsAsync<CollectiveMismatchException>(() => first);
    }

    // Nobody waits on the right group here: all ranks made the same mistake, and only the purpose tells.
    [Theory(Timeout = DeadlineMilliseconds)]
    [InlineData(CollectiveKind.KvGather, GroupKind.AttnTp, "ATTN_CP")]
    [InlineData(CollectiveKind.MoeGather, GroupKind.Moe, "ATTN_CP")]
    [InlineData(CollectiveKind.AttentionReduce, GroupKind.AttnCp, "ATTN_TP")]
    [InlineData(CollectiveKind.LogitsGather, GroupKind.AttnCp, "ATTN_TP")]
    [InlineData(CollectiveKind.MoeReduce, GroupKind.AttnTp, "MOE")]
    public async Task WrongGroupOnEveryRank_IsSeenByThePurpose(CollectiveKind purpose, GroupKind wrong, string home)
    {
        using var tensor = _pool.Rent(DType.F32, 4, 4);
        var group = Of(wrong, 0);
        var error = await Assert.ThrowsAsync<CollectiveMismatchException>(
            () => group.AllReduceAsync(s_tag with { Kind = purpose }, tensor, default));
        Assert.Equal($"a group of kind {home} for {purpose}", error.Expected);
        Assert.Equal(group.Name, error.Found);
    }

    [Fact(Timeout = DeadlineMilliseconds)]
    public async Task MeshThatIsClosed_EndsWaitingAndLaterCalls()
    {
        var waiting = Cp(0).BarrierAsync(s_tag, CancellationToken.None);
        await _mesh.DisposeAsync();

        await Assert.ThrowsAsync<PeerLostException>(() => waiting);
        await Assert.ThrowsAsync<PeerLostException>(() => Cp(2).BarrierAsync(s_tag with { Step = 8 }, CancellationToken.None));
        Assert.Equal(0, _time.ActiveTimers);
    }

    [Fact]
    public void Mesh_RefusesWhatCannotBe()
    {
        Assert.Throws<TopologyException>(() => InProcess.Mesh(new RankTopology(4, 3)));
        Assert.Throws<ArgumentOutOfRangeException>(() => InProcess.Mesh(new RankTopology(1), TimeSpan.Zero));
        Assert.Throws<ArgumentOutOfRangeException>(() => _mesh.Group(GroupKind.AttnCp, 4));
    }

    public void Dispose()
    {
        Assert.Empty(_pool.DescribeLive());
        _pool.Dispose();
    }

    private static TaskGroup[] Wide(int size) => [.. InProcess.Group(size).Select(group => new TaskGroup(group))];

    private TaskGroup Cp(int globalRank, RankMesh? mesh = null) => Of(GroupKind.AttnCp, globalRank, mesh);

    private TaskGroup Of(GroupKind kind, int globalRank, RankMesh? mesh = null) => new((mesh ?? _mesh).Group(kind, globalRank));
}
