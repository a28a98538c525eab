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

    private static readonly CollectiveTag s_tag = new(1, 1, 0, CollectiveKind.Result);

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
            ("operation", (group, tag) => group.BarrierAsync(tag, default).AsTask()),
            // A root would have sent its rows and gone on; see BroadcastTests.
            ("type", (group, tag) => BroadcastAsync(group, tag, root: (group.Rank + 1) % 3)),
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

    private Task BroadcastAsync(IRankGroup group, CollectiveTag tag, int root) =>
        group.BroadcastAsync(tag, _pool.Rent(DType.BF16, 3, 5), root, default).AsTask();

    private Task ReduceAsync(IRankGroup group, CollectiveTag tag, int rows, int columns) => group.AllReduceAsync(
        tag, TestTensors.Filled(_pool, DType.F32, rows, columns, group.Rank, strided: false), default).AsTask();
}
