using AkkaCp.Collectives.Calls;
using AkkaCp.Collectives.Topology;
using AkkaCp.Npu;
using Xunit;

#pragma warning disable xUnit1069 // The deadline guards against calls that wrongly wait, and those end by no token.

namespace AkkaCp.Collectives.Tests.Faults;

/// <summary>Mistakes, cancellation and abort end a call on every member, with the reason; the group goes on.</summary>
public sealed class CallFaultTests : IDisposable
{
    private const int DeadlineMilliseconds = 60_000;

    private static readonly CollectiveTag s_tag = new(1, 1, 0, CollectiveKind.Transfer);

    private readonly TensorPool _pool = new();

    public static TheoryData<string> Mixed => ["0,1,2", "0,0,1", "0,1,1"];

    [Theory(Timeout = DeadlineMilliseconds)]
    [MemberData(nameof(Mixed))]
    public async Task MembersThatMeanSomethingElse_FailTheCallForEveryMember(string layout)
    {
        await using var world = await TestMeshes.ConnectAsync(Layouts.OneGroup(3), Layouts.Processes(layout));
        (string What, Func<IRankGroup, CollectiveTag, Task> Wrong)[] mistakes =
        [
            ("rows", (group, tag) => ReduceAsync(group, tag, 4, 5)),
            ("columns", (group, tag) => ReduceAsync(group, tag, 3, 6)),
            ("nothing", (group, tag) => group.BarrierAsync(tag, default).AsTask()),
            ("operation", (group, tag) => GatherAsync(group, tag, DType.F32)),
            ("type", (group, tag) => GatherAsync(group, tag, DType.BF16)),
            ("fewer members", (group, tag) => TransferAsync(group, tag)),
            ("large", (group, tag) => ReduceAsync(group, tag, 3000, 50)),
        ];
        var step = 10;
        foreach (var (what, wrong) in mistakes)
        {
            for (var culprit = 0; culprit < 3; culprit++)
            {
                var tag = s_tag with { Step = ++step };
                var groups = world.Groups(GroupKind.AttnCp);
                var calls = groups.Select(group => group.Rank == culprit ? wrong(group, tag) : ReduceAsync(group, tag, 3, 5)).ToArray();
                foreach (var call in calls)
                {
                    var error = await Assert.ThrowsAsync<CollectiveMismatchException>(() => call);
                    Assert.Equal(tag, error.Tag);
                    Assert.NotEqual(error.Expected, error.Found);
                }
            }
        }

        await AllGoOnAsync(world);
    }

    [Theory(Timeout = DeadlineMilliseconds)]
    [MemberData(nameof(Mixed))]
    public async Task CallThatIsCancelled_FailsItsPeersAndLateMembers(string layout)
    {
        await using var world = await TestMeshes.ConnectAsync(Layouts.OneGroup(3), Layouts.Processes(layout));
        var groups = world.Groups(GroupKind.AttnCp);
        using var cancellation = new CancellationTokenSource();
        var cancelled = groups[0].BarrierAsync(s_tag, cancellation.Token).AsTask();
        var other = groups[1].BarrierAsync(s_tag, default).AsTask();

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        var error = await Assert.ThrowsAsync<CollectiveAbortedException>(() => other);
        Assert.Equal(0, error.Rank);
        // Frames keep their order, so behind this everyone has heard of the fault.
        await AllGoOnAsync(world);
        await Assert.ThrowsAsync<CollectiveAbortedException>(() => groups[2].BarrierAsync(s_tag, default).AsTask());
    }

    [Theory(Timeout = DeadlineMilliseconds)]
    [MemberData(nameof(Mixed))]
    public async Task Abort_EndsTheStepOnEveryMember(string layout)
    {
        await using var world = await TestMeshes.ConnectAsync(Layouts.OneGroup(3), Layouts.Processes(layout));
        var groups = world.Groups(GroupKind.AttnCp);
        var waiting = ReduceAsync(groups[0], s_tag, 40, 1000);
        var otherStep = groups.Select(group => ReduceAsync(group, s_tag with { Step = 2 }, 40, 1000));

        groups[2].Abort(1, 1, "the disk is full");

        var error = await Assert.ThrowsAsync<CollectiveAbortedException>(() => waiting);
        Assert.Equal((2, "the disk is full"), (error.Rank, error.Reason));
        await Assert.ThrowsAsync<CollectiveAbortedException>(() => groups[1].BarrierAsync(s_tag with { Layer = 3 }, default).AsTask());
        await Task.WhenAll(otherStep);
        await AllGoOnAsync(world);
    }

    [Theory(Timeout = DeadlineMilliseconds)]
    [MemberData(nameof(Mixed))]
    public async Task CallWhoseTimeIsOver_NamesThoseThatDidNotCome(string layout)
    {
        await using var world = await TestMeshes.ConnectAsync(
            Layouts.OneGroup(3), Layouts.Processes(layout), callTimeout: TimeSpan.FromMilliseconds(50));
        var groups = world.Groups(GroupKind.AttnCp);
        var calls = groups.Take(2).Select(group => ReduceAsync(group, s_tag, 3, 5)).ToArray();

        foreach (var call in calls)
        {
            var lost = await Assert.ThrowsAsync<PeerLostException>(() => call);
            Assert.Contains(2, lost.Missing);
            Assert.Contains("did not come within", lost.Message, StringComparison.Ordinal);
        }
    }

    [Fact(Timeout = DeadlineMilliseconds)]
    public async Task CallOnAGroupOfTheWrongKind_Fails()
    {
        await using var world = await TestMeshes.ConnectAsync(Layouts.OneGroup(2));
        var tag = s_tag with { Kind = CollectiveKind.KvGather };

        var error = await Assert.ThrowsAsync<CollectiveMismatchException>(() =>
            world.Group(GroupKind.Tp, 0).BarrierAsync(tag, default).AsTask());

        Assert.Contains("ATTN_CP", error.Expected, StringComparison.Ordinal);
        await AllGoOnAsync(world);
    }

    // A tag without a home, on one kind of group here and on another there: each side's peers never come.
    [Fact(Timeout = DeadlineMilliseconds)]
    public async Task OneTagOnTwoKindsOfGroup_FailsOnBoth()
    {
        await using var world = await TestMeshes.ConnectAsync(Layouts.OneGroup(2));
        var here = world.Group(GroupKind.AttnCp, 0).BarrierAsync(s_tag, default).AsTask();
        var there = world.Group(GroupKind.Tp, 1).BarrierAsync(s_tag, default).AsTask();

        await Assert.ThrowsAsync<CollectiveMismatchException>(() => here);
        await Assert.ThrowsAsync<CollectiveMismatchException>(() => there);
    }

    [Fact(Timeout = DeadlineMilliseconds)]
    public async Task CallOfAnotherEpoch_Fails()
    {
        await using var world = await TestMeshes.ConnectAsync(Layouts.OneGroup(2));

        await Assert.ThrowsAsync<CollectiveMismatchException>(() =>
            world.Group(GroupKind.AttnCp, 0).BarrierAsync(s_tag with { Epoch = 2 }, default).AsTask());
    }

    public void Dispose() => _pool.Dispose();

    private static Task AllGoOnAsync(TestMeshes world) => Task.WhenAll(world.Groups(GroupKind.AttnCp)
        .Select(group => group.BarrierAsync(s_tag with { Step = 999 }, default).AsTask()));

    private Task GatherAsync(IRankGroup group, CollectiveTag tag, DType dtype) => group.AllGatherAsync(
        tag, _pool.Rent(dtype, 3, 5), _pool.Rent(dtype, 9, 5), new[] { 3, 3, 3 }, default).AsTask();

    private Task TransferAsync(IRankGroup group, CollectiveTag tag) =>
        group.TransferAsync(tag, _pool.Rent(DType.F32, 3, 5), group.Rank, (group.Rank + 1) % 3, default).AsTask();

    private Task ReduceAsync(IRankGroup group, CollectiveTag tag, int rows, int columns) => group.AllReduceAsync(
        tag, TestTensors.Filled(_pool, DType.F32, rows, columns, group.Rank, strided: false), default).AsTask();
}
