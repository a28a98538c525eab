using AkkaCp.Collectives.Calls;
using AkkaCp.Collectives.Setup;
using AkkaCp.Collectives.Topology;
using AkkaCp.Npu;
using AkkaCp.Testing;
using Xunit;

#pragma warning disable xUnit1069 // The deadline guards against calls that wrongly wait, and those end by no token.

namespace AkkaCp.Collectives.Tests.Groups;

/// <summary>Rows of one member for another, wherever the two are; nobody else calls.</summary>
public sealed class TransferTests : IDisposable
{
    private const int DeadlineMilliseconds = 120_000;

    private static readonly CollectiveTag s_tag = new(1, 1, 0, CollectiveKind.Transfer);

    // Nothing, below and above an eager frame.
    private static readonly (int Rows, int Columns)[] s_sizes = [(0, 5), (3, 7), (40, 1500)];

    private readonly TensorPool _pool = new();
    private long _step;

    public static TheoryData<string> All => Layouts.All;

    [Theory(Timeout = DeadlineMilliseconds)]
    [MemberData(nameof(All))]
    public async Task RowsArrive_FromEveryMemberToEveryOther(string layout)
    {
        await using var world = await ConnectAsync(layout);
        var groups = world.Groups(GroupKind.AttnCp);
        foreach (var (from, to) in groups.SelectMany(one => groups.Where(other => other != one).Select(other => (one, other))))
        {
            foreach (var (rows, columns) in s_sizes)
            {
                foreach (var dtype in (DType[])[DType.F32, DType.BF16])
                {
                    var tag = s_tag with { Step = ++_step };
                    var sent = TestTensors.Filled(_pool, dtype, rows, columns, seed: rows, strided: to.Rank % 2 == 0);
                    var received = TestTensors.Empty(_pool, dtype, rows, columns, strided: from.Rank % 2 == 0);

                    await Task.WhenAll(InTurn(
                        _step % 2 == 0,
                        () => from.TransferAsync(tag, sent, from.Rank, to.Rank, default).AsTask(),
                        () => to.TransferAsync(tag, received, from.Rank, to.Rank, default).AsTask()));

                    Assert.Equal(sent.ReadBytes(), received.ReadBytes());
                }
            }
        }
    }

    // With one place for early frames all but the first wait at their sender, and every one waits for its receiver's call.
    [Theory(Timeout = DeadlineMilliseconds)]
    [InlineData("0,1")]
    [InlineData("0,0")]
    [InlineData("0,1,2")]
    [InlineData("0,1,1,2")]
    public async Task Senders_WaitForTheirReceivers_WhichComeInAnyOrder(string layout)
    {
        await using var world = await ConnectAsync(layout, new DataPlaneOptions { EagerFrames = 1 });
        var groups = world.Groups(GroupKind.AttnCp);
        var tags = Enumerable.Range(1, 6).Select(step => s_tag with { Step = step }).ToArray();
        var senders = tags.Select((tag, i) => groups[0].TransferAsync(tag, Filled(i), 0, 1, default).AsTask()).ToArray();

        foreach (var (tag, i) in tags.Select((tag, i) => (tag, i)).Reverse())
        {
            Assert.False(senders[i].IsCompleted);
            var rows = Empty();
            await groups[1].TransferAsync(tag, rows, 0, 1, default);
            Assert.Equal(Filled(i).ReadBytes(), rows.ReadBytes());
        }

        await Task.WhenAll(senders);
    }

    [Theory(Timeout = DeadlineMilliseconds)]
    [InlineData("0,1,2")]
    [InlineData("0,1,1")]
    [InlineData("0,0,0")]
    public async Task MemberThatTakesNoPart_IsRefused_AndTheTagWithIt(string layout)
    {
        await using var world = await ConnectAsync(layout);
        var groups = world.Groups(GroupKind.AttnCp);
        var sender = groups[0].TransferAsync(s_tag, Filled(0), 0, 1, default).AsTask();

        var error = await Assert.ThrowsAsync<CollectiveMismatchException>(
            () => groups[2].TransferAsync(s_tag, Empty(), 0, 1, default).AsTask());

        Assert.Equal("a call of member 0 or 1", error.Expected);
        await Assert.ThrowsAsync<CollectiveMismatchException>(() => sender);
    }

    [Theory(Timeout = DeadlineMilliseconds)]
    [InlineData("0,1")]
    [InlineData("0,0")]
    public async Task EndsThatMeanSomethingElse_BothLearnOfIt(string layout)
    {
        await using var world = await ConnectAsync(layout);
        var groups = world.Groups(GroupKind.AttnCp);
        (int From, int To, TensorView Rows)[] others =
            [(1, 0, Filled(0)), (0, 1, Filled(0).Slice(0, 2)), (0, 1, _pool.Rent(DType.BF16, 3, 5).View)];
        foreach (var (from, to, rows) in others)
        {
            var tag = s_tag with { Step = ++_step };
            Task[] calls =
            [
                groups[0].TransferAsync(tag, Filled(0), 0, 1, default).AsTask(),
                groups[1].TransferAsync(tag, rows, from, to, default).AsTask(),
            ];
            foreach (var call in calls)
                await Assert.ThrowsAsync<CollectiveMismatchException>(() => call);
        }
    }

    [Theory(Timeout = DeadlineMilliseconds)]
    [InlineData("0,1")]
    [InlineData("0,0")]
    public async Task ReceiverThatIsCancelled_EndsItsSendersCall(string layout)
    {
        await using var world = await ConnectAsync(layout);
        using var cancellation = new CancellationTokenSource();
        var received = world.Group(GroupKind.AttnCp, 1).TransferAsync(s_tag, Empty(), 0, 1, cancellation.Token).AsTask();

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => received);
        // Frames keep their order, so behind this the sender has heard of it.
        await Task.WhenAll(world.Groups(GroupKind.AttnCp).Select(group => group.BarrierAsync(s_tag with { Step = 2 }, default).AsTask()));
        var sent = world.Group(GroupKind.AttnCp, 0).TransferAsync(s_tag, Filled(0), 0, 1, default).AsTask();
        Assert.Equal(1, (await Assert.ThrowsAsync<CollectiveAbortedException>(() => sent)).Rank);
    }

    public void Dispose() => _pool.Dispose();

    private static Task<TestMeshes> ConnectAsync(string layout, DataPlaneOptions? options = null)
    {
        var processes = Layouts.Processes(layout);
        return TestMeshes.ConnectAsync(Layouts.OneGroup(processes.Length), processes, options);
    }

    private static Task[] InTurn(bool isFirstFirst, Func<Task> first, Func<Task> second)
    {
        if (isFirstFirst)
            return [first(), second()];

        return [second(), first()];
    }

    private TensorView Filled(int seed) => TestTensors.Filled(_pool, DType.F32, 3, 5, seed, strided: false);

    private TensorView Empty() => TestTensors.Empty(_pool, DType.F32, 3, 5, strided: false);
}
