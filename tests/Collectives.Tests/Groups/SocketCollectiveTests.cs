using AkkaCp.Collectives.Calls;
using AkkaCp.Collectives.Setup;
using AkkaCp.Collectives.Topology;
using AkkaCp.Npu;
using AkkaCp.Testing;
using Xunit;

#pragma warning disable xUnit1069 // The deadline guards against calls that wrongly wait, and those end by no token.

namespace AkkaCp.Collectives.Tests.Groups;

/// <summary>Every collective gives the bits that ranks of one process give each other.</summary>
public sealed class SocketCollectiveTests : IDisposable
{
    private const int DeadlineMilliseconds = 120_000;

    // Below and above an eager frame, and wide enough for several blocks of the sum.
    private static readonly (int Rows, int Columns)[] s_sizes = [(0, 5), (1, 1), (3, 7), (5, 2049), (40, 1500)];

    private readonly TensorPool _pool = new();
    private readonly MemoryApart _memory = new();
    private readonly TensorPool _apart;
    private long _step;

    public SocketCollectiveTests() => _apart = new TensorPool(_memory);

    public static TheoryData<string> All => Layouts.All;

    [Theory(Timeout = DeadlineMilliseconds)]
    [MemberData(nameof(All))]
    public async Task AllGather_IsAsInOneProcess(string layout)
    {
        await using var world = await TestMeshes.ConnectAsync(Layouts.OneGroup(Size(layout)), Layouts.Processes(layout));
        foreach (var (rows, columns) in s_sizes)
        {
            foreach (var dtype in (DType[])[DType.F32, DType.BF16])
            {
                foreach (var strided in (bool[])[false, true])
                    await CompareAsync(world, layout, (group, tag) => GatherAsync(group, tag, dtype, rows, columns, strided));
            }
        }
    }

    [Theory(Timeout = DeadlineMilliseconds)]
    [MemberData(nameof(All))]
    public async Task AllReduce_AddsInRankOrder(string layout)
    {
        await using var world = await TestMeshes.ConnectAsync(Layouts.OneGroup(Size(layout)), Layouts.Processes(layout));
        foreach (var (rows, columns) in s_sizes)
        {
            foreach (var strided in (bool[])[false, true])
                await CompareAsync(world, layout, (group, tag) => ReduceAsync(group, tag, rows, columns, strided));
        }
    }

    [Theory(Timeout = DeadlineMilliseconds)]
    [MemberData(nameof(All))]
    public async Task AllReduceOfNothing_WaitsForTheLast(string layout)
    {
        await using var world = await TestMeshes.ConnectAsync(Layouts.OneGroup(Size(layout)), Layouts.Processes(layout));
        for (var last = 0; last < Size(layout); last++)
        {
            var tag = NextTag(CollectiveKind.Transfer);
            var groups = world.Groups(GroupKind.AttnCp);
            var early = groups.Where(group => group.Rank != last)
                .Select(group => group.BarrierAsync(tag, CancellationToken.None).AsTask()).ToArray();
            Assert.All(early, task => Assert.False(task.IsCompleted));

            await groups[last].BarrierAsync(tag, CancellationToken.None);
            await Task.WhenAll(early);
        }
    }

    // A ring from three processes on, so that the layouts above go through it too.
    [Theory(Timeout = DeadlineMilliseconds)]
    [MemberData(nameof(All))]
    public async Task AllGather_RoundARing_IsAsInOneProcess(string layout)
    {
        var options = new DataPlaneOptions { RingProcesses = 3, RingBytes = 512, EagerBytes = 512 };
        await using var world = await TestMeshes.ConnectAsync(Layouts.OneGroup(Size(layout)), Layouts.Processes(layout), options);
        foreach (var (rows, columns) in s_sizes)
            await CompareAsync(world, layout, (group, tag) => GatherAsync(group, tag, DType.F32, rows, columns, strided: rows == 5));
    }

    // Each second rank has a device whose memory the host does not reach.
    [Theory(Timeout = DeadlineMilliseconds)]
    [MemberData(nameof(All))]
    public async Task RowsInMemoryOfDevices_GoAsRowsInTheHosts(string layout)
    {
        await using var world = await TestMeshes.ConnectAsync(Layouts.OneGroup(Size(layout)), Layouts.Processes(layout));
        foreach (var (rows, columns) in s_sizes)
        {
            foreach (var strided in (bool[])[false, true])
            {
                await CompareAsync(
                    world, layout, (group, tag) => GatherAsync(group, tag, DType.BF16, rows, columns, strided),
                    (group, tag) => GatherAsync(group, tag, DType.BF16, rows, columns, strided, group.Rank % 2 == 1 ? _apart : _pool));
                await CompareAsync(
                    world, layout, (group, tag) => ReduceAsync(group, tag, rows, columns, strided),
                    (group, tag) => ReduceAsync(group, tag, rows, columns, strided, group.Rank % 2 == 1 ? _apart : _pool));
            }
        }

        Assert.NotEmpty(_memory.Copies);
    }

    public void Dispose()
    {
        _pool.Dispose();
        _apart.Dispose();
    }

    private static int Size(string layout) => Layouts.Processes(layout).Length;

    // Every rank's result over sockets and in one process, ranks starting in turn from each.
    private Task CompareAsync(TestMeshes world, string layout, Func<IRankGroup, CollectiveTag, Task<byte[]>> call) =>
        CompareAsync(world, layout, call, call);

    private async Task CompareAsync(
        TestMeshes world, string layout, Func<IRankGroup, CollectiveTag, Task<byte[]>> inProcess,
        Func<IRankGroup, CollectiveTag, Task<byte[]>> call)
    {
        var tag = NextTag(CollectiveKind.Transfer);
        var size = Size(layout);
        var expected = await Task.WhenAll(InProcess.Group(size).Select(group => inProcess(group, tag)));

        var groups = world.Groups(GroupKind.AttnCp);
        var order = Enumerable.Range(0, size).OrderBy(rank => (rank + tag.Step) % size);
        var found = await Task.WhenAll(order.Select(async rank => (rank, Bytes: await call(groups[rank], tag))));

        Assert.All(found, one => Assert.Equal(expected[one.rank], one.Bytes));
    }

    private CollectiveTag NextTag(CollectiveKind kind) => new(1, ++_step, 0, kind);

    private async Task<byte[]> GatherAsync(
        IRankGroup group, CollectiveTag tag, DType dtype, int rows, int columns, bool strided, TensorPool? pool = null)
    {
        // Uneven, with a member that has none.
        int[] counts = [.. Enumerable.Range(0, group.Size).Select(member => member == 1 ? 0 : rows + member)];
        var send = TestTensors.Filled(pool ?? _pool, dtype, counts[group.Rank], columns, group.Rank, strided);
        var receive = TestTensors.Empty(pool ?? _pool, dtype, counts.Sum(), columns, strided);
        await group.AllGatherAsync(tag, send, receive, counts, CancellationToken.None);
        return receive.ReadBytes();
    }

    private async Task<byte[]> ReduceAsync(
        IRankGroup group, CollectiveTag tag, int rows, int columns, bool strided, TensorPool? pool = null)
    {
        var data = TestTensors.Filled(pool ?? _pool, DType.F32, rows, columns, group.Rank, strided);
        await group.AllReduceAsync(tag, data, CancellationToken.None);
        return data.ReadBytes();
    }
}
