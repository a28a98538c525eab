using System.Runtime.InteropServices;
using AkkaCp.Collectives.Calls;
using AkkaCp.Npu;
using AkkaCp.Testing;
using Xunit;

#pragma warning disable xUnit1069 // The deadline guards against calls that wrongly wait, and those end by no token.

namespace AkkaCp.Collectives.Tests.Groups;

public sealed class InProcessGroupTests : IDisposable
{
    // A call that wrongly waits fails its test instead of hanging the run.
    private const int DeadlineMilliseconds = 60_000;

    private static readonly CollectiveTag s_tag = new(1, 7, 3, CollectiveKind.KvGather);

    private readonly TensorPool _pool = new();

    public static TheoryData<int, int[]> UnevenRows => new()
    {
        { 1, [3] },
        { 1, [0] },
        { 2, [3, 2] },
        { 2, [0, 4] },
        { 3, [1, 0, 2] },
        { 4, [5, 5, 5, 5] },
        { 5, [0, 0, 7, 1, 0] },
    };

    [Theory(Timeout = DeadlineMilliseconds)]
    [MemberData(nameof(UnevenRows))]
    public async Task AllGather_GivesEveryMemberAllRowsRankByRank(int size, int[] rows)
    {
        foreach (var dtype in (DType[])[DType.F32, DType.BF16])
        {
            var groups = Groups(size);
            var sends = groups.Select(group => Filled(dtype, rows[group.Rank], 3, group.Rank)).ToArray();
            var receives = groups.Select(_ => _pool.Rent(dtype, rows.Sum(), 3)).ToArray();

            await Task.WhenAll(groups.Select(group =>
                group.AllGatherAsync(s_tag, sends[group.Rank], receives[group.Rank], rows, CancellationToken.None)));

            var expected = sends.SelectMany(send => send.View.ReadBytes()).ToArray();
            Assert.All(receives, receive => Assert.Equal(expected, receive.View.ReadBytes()));
            Return(sends, receives);
        }
    }

    [Fact(Timeout = DeadlineMilliseconds)]
    public async Task AllGather_TakesStridedRowsAndTheMembersOwnPlace()
    {
        int[] rows = [2, 1];
        var groups = Groups(2);
        var wide = groups.Select(group => Filled(DType.F32, 3, 5, group.Rank)).ToArray();
        var kept = wide.Select(tensor => tensor.View.ReadFloats()).ToArray();

        // Member 0 sends from its own place in the result; member 1 sends columns of another tensor.
        using var other = Filled(DType.F32, 1, 9, 5);
        var receive0 = wide[0].View.Columns(1, 4);
        var send1 = other.View.Columns(2, 4);
        await Task.WhenAll(
            groups[0].AllGatherAsync(s_tag, receive0.Slice(0, 2), receive0, rows, CancellationToken.None),
            groups[1].AllGatherAsync(s_tag, send1, wide[1].View.Columns(0, 4), rows, CancellationToken.None));

        for (var row = 0; row < 2; row++)
        {
            Assert.Equal(kept[0].AsSpan(row * 5, 5).ToArray(), wide[0].View.ReadRow(row));
            Assert.Equal(kept[0].AsSpan((row * 5) + 1, 4).ToArray(), wide[1].View.ReadRow(row)[..4]);
            Assert.Equal(kept[1][(row * 5) + 4], wide[1].View.ReadRow(row)[4]);
        }

        Assert.Equal(send1.ReadRow(0), wide[0].View.ReadRow(2)[1..]);
        Assert.Equal(kept[0][10], wide[0].View.ReadRow(2)[0]);
        Assert.Equal(send1.ReadRow(0), wide[1].View.ReadRow(2)[..4]);
        Return(wide);
    }

    // 1e8 + 1 − 1e8 in F32 depends on the order: the sum must be ((d0 + d1) + d2) + …, whoever comes last.
    [Theory(Timeout = DeadlineMilliseconds)]
    [InlineData(1, 4)]
    [InlineData(2, 1)]
    [InlineData(3, 1500)]
    [InlineData(5, 2049)]
    public async Task AllReduce_AddsInRankOrder_WhoeverComesLast(int size, int columns)
    {
        for (var last = 0; last < size; last++)
        {
            var groups = Groups(size);
            var data = groups.Select(group => Filled(DType.F32, 2, columns, group.Rank)).ToArray();
            data[0].View.Slice(1, 1).Columns(columns - 1, 1).Fill(1e8f);
            data[^1].View.Slice(1, 1).Columns(columns - 1, 1).Fill(-1e8f);
            var expected = Sum(data);

            await Task.WhenAll(groups.OrderBy(group => group.Rank == last)
                .Select(group => group.AllReduceAsync(s_tag, data[group.Rank], CancellationToken.None)));

            Assert.All(data, one => Assert.Equal(expected, one.View.ReadFloats()));
            Return(data);
        }
    }

    [Theory(Timeout = DeadlineMilliseconds)]
    [InlineData(2, 0, 1)]
    [InlineData(3, 2, 0)]
    [InlineData(5, 1, 4)]
    public async Task Transfer_GivesOneMemberTheRowsOfAnother_AndNeedsNobodyElse(int size, int from, int to)
    {
        var groups = Groups(size);
        var data = groups.Select(group => Filled(DType.F32, 2, 3, group.Rank)).ToArray();
        var kept = data.Select(one => one.View.ReadFloats()).ToArray();

        await Task.WhenAll(
            groups[to].TransferAsync(s_tag, data[to], from, to, CancellationToken.None),
            groups[from].TransferAsync(s_tag, data[from], from, to, CancellationToken.None));

        kept[to] = kept[from];
        Assert.Equal(kept, data.Select(one => one.View.ReadFloats()));
        Return(data);
    }

    [Theory(Timeout = DeadlineMilliseconds)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public async Task Barrier_EndsWhenTheLastMemberHasCome(int size)
    {
        var groups = Groups(size);
        var waiting = groups.SkipLast(1).Select(group => group.BarrierAsync(s_tag, CancellationToken.None)).ToArray();
        Assert.All(waiting, task => Assert.False(task.IsCompleted));

        await groups[^1].BarrierAsync(s_tag, CancellationToken.None);
        await Task.WhenAll(waiting);
    }

    [Fact(Timeout = DeadlineMilliseconds)]
    public async Task Tags_MeetInWhateverOrderMembersComeToThem()
    {
        var groups = Groups(2);
        int[] rows = [1, 1];
        var tags = Enumerable.Range(0, 20).Select(i => s_tag with { Step = i / 4, Layer = i % 4 }).ToArray();
        var sends = tags.Select((_, i) => groups.Select(group => Filled(DType.F32, 1, 2, (100 * i) + group.Rank)).ToArray()).ToArray();
        var receives = tags.Select(_ => groups.Select(_ => _pool.Rent(DType.F32, 2, 2)).ToArray()).ToArray();

        Task Gather(int member, int i) =>
            groups[member].AllGatherAsync(tags[i], sends[i][member], receives[i][member], rows, CancellationToken.None);

        await Task.WhenAll(
            Enumerable.Range(0, 20).Select(i => Gather(0, i))
            .Concat(Enumerable.Range(0, 20).Reverse().Select(i => Gather(1, i))).ToArray());

        for (var i = 0; i < tags.Length; i++)
        {
            float[] expected = [.. sends[i][0].View.ReadFloats(), .. sends[i][1].View.ReadFloats()];
            Assert.All(receives[i], receive => Assert.Equal(expected, receive.View.ReadFloats()));
            Return(sends[i], receives[i]);
        }
    }

    [Fact(Timeout = DeadlineMilliseconds)]
    public async Task Continuations_DoNotRunOnThePeersThread()
    {
        var groups = Groups(2);
        var first = groups[0].BarrierAsync(s_tag, CancellationToken.None);
        var peersThread = 0;
        var continued = first.ContinueWith(_ => Environment.CurrentManagedThreadId, CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        var peer = new Thread(() =>
        {
            peersThread = Environment.CurrentManagedThreadId;
            groups[1].BarrierAsync(s_tag, CancellationToken.None).GetAwaiter().GetResult();
        });
        peer.Start();
        peer.Join();

        Assert.NotEqual(peersThread, await continued);
    }

    public void Dispose()
    {
        Assert.Empty(_pool.DescribeLive());
        _pool.Dispose();
    }

    private static TaskGroup[] Groups(int size) => [.. InProcess.Group(size).Select(group => new TaskGroup(group))];

    private static float[] Sum(Tensor[] parts)
    {
        var sum = parts[0].View.ReadFloats();
        foreach (var part in parts[1..].Select(part => part.View.ReadFloats()))
        {
            for (var i = 0; i < sum.Length; i++)
                sum[i] += part[i];
        }

        return sum;
    }

    private static ushort Any(Random random) => (ushort)random.Next(ushort.MaxValue);

    private static void Return(params Tensor[][] tensors)
    {
        foreach (var tensor in tensors.SelectMany(one => one))
            tensor.Dispose();
    }

    private Tensor Filled(DType dtype, int rows, int columns, int seed)
    {
        var tensor = _pool.Rent(dtype, rows, columns);
        var random = new Random(seed);
        if (dtype == DType.F32)
            tensor.View.Write([.. Enumerable.Range(0, rows * columns).Select(_ => random.NextSingle() - 0.5f)]);
        else
            tensor.View.Write(MemoryMarshal.AsBytes<ushort>([.. Enumerable.Range(0, rows * columns).Select(_ => Any(random))]));

        return tensor;
    }
}
