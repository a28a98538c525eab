using AkkaCp.Collectives.Calls;
using AkkaCp.Collectives.Topology;
using AkkaCp.Npu;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Collectives.Tests.Groups;

/// <summary>Ranks on threads of their own, many steps, random order, delays and failures.</summary>
public sealed class InProcessGroupStressTests
{
    private const int Ranks = 4;
    private const int Steps = 120;
    private const int Layers = 3;
    private const int Columns = 33;

    private static readonly CancellationToken s_none = CancellationToken.None;

    // Every rank keeps several collectives under way and comes to them in its own order. Results are checked, then the memory is
    // scribbled over: a peer that still read or wrote it would spoil somebody's result.
    [Fact]
    public void ManySteps_InAnyOrder_GiveEveryRankItsRows()
    {
        var mesh = InProcess.Mesh(new RankTopology(Ranks, AttnCp: Ranks));
        OnEveryRank(rank =>
        {
            using var pool = new TensorPool();
            var group = new TaskGroup(mesh.Group(GroupKind.AttnCp, rank));
            var rng = new Rng((ulong)rank + 1);
            for (var step = 0; step < Steps; step++)
            {
                var layers = Enumerable.Range(0, Layers).OrderBy(_ => rng.Next(1000)).ToArray();
                var calls = layers.Select(layer => Gather(group, pool, step, layer, rng)).ToArray();
                foreach (var call in calls)
                {
                    call.Ended.GetAwaiter().GetResult();
                    call.Check();
                    call.Discard();
                }
            }

            Assert.Empty(pool.DescribeLive());
        });

        Assert.All(mesh.Groups.All, group => Assert.Equal((0, 0), group.Counts));
    }

    // In each step some rank cancels, aborts or just goes on. Every call ends, on every rank, as success or as a fault; a rank that
    // gave up scribbles over its memory at once, and whoever succeeds must still have the right rows.
    [Fact]
    public void RanksThatGiveUp_NeverSpoilWhatOthersReceive()
    {
        var mesh = InProcess.Mesh(new RankTopology(Ranks, AttnCp: Ranks));
        var (succeeded, failed) = (0, 0);
        OnEveryRank(rank =>
        {
            using var pool = new TensorPool();
            var group = new TaskGroup(mesh.Group(GroupKind.AttnCp, rank));
            var rng = new Rng((ulong)rank + 100);
            for (var step = 0; step < Steps * 4; step++)
            {
                using var source = new CancellationTokenSource();
                var call = Gather(group, pool, step, 0, rng, source.Token);
                var fate = rng.Next(8);
                if (fate == 0)
                    source.Cancel();
                else if (fate == 1)
                    group.Abort(1, step, "test");

                try
                {
                    call.Ended.GetAwaiter().GetResult();
                    call.Check();
                    Interlocked.Increment(ref succeeded);
                }
                catch (Exception error) when (error is OperationCanceledException or CollectiveException)
                {
                    Interlocked.Increment(ref failed);
                }

                call.Discard();
            }
        });

        Assert.Equal(Ranks * Steps * 4, succeeded + failed);
        Assert.True(succeeded > 0 && failed > 0, $"{succeeded} succeeded, {failed} failed");
        Assert.All(mesh.Groups.All, group => Assert.Equal(0, group.Counts.Open));
    }

    // Sums of a step while gathers of another are under way, over two kinds of groups at once.
    [Fact]
    public void GroupsOfBothKinds_WorkSideBySide()
    {
        var mesh = InProcess.Mesh(new RankTopology(Ranks, AttnCp: 2, MoeDp: 2));
        OnEveryRank(rank =>
        {
            using var pool = new TensorPool();
            var (cp, tp) = (new TaskGroup(mesh.Group(GroupKind.AttnCp, rank)), new TaskGroup(mesh.Group(GroupKind.AttnTp, rank)));
            for (var step = 0; step < Steps; step++)
            {
                using var data = pool.Rent(DType.F32, 1, Columns);
                data.View.Fill(rank + step);
                var sum = tp.AllReduceAsync(new CollectiveTag(1, step, 0, CollectiveKind.AttentionReduce), data, s_none);
                var gather = Gather(cp, pool, step, 0, new Rng(1));
                gather.Ended.GetAwaiter().GetResult();
                gather.Check();
                gather.Discard();
                sum.GetAwaiter().GetResult();
                Assert.True(data.View.ReadFloats().AsSpan().IndexOfAnyExcept((rank / 2 * 4) + 1f + (2 * step)) < 0);
            }
        });
    }

    private static GatherCall Gather(
        TaskGroup group, TensorPool pool, int step, int layer, Rng rng, CancellationToken cancellationToken = default)
    {
        var rows = Enumerable.Range(0, group.Size).Select(member => (step + layer + member) % 3).ToArray();
        var call = new GatherCall(pool, rows, group.Rank, (step * Layers) + layer);
        if (rng.Next(3) == 0)
            Thread.Yield();

        call.Ended = group.AllGatherAsync(
            new CollectiveTag(1, step, layer, CollectiveKind.KvGather), call.Send, call.Receive, rows, cancellationToken);
        return call;
    }

    private static void OnEveryRank(Action<int> run)
    {
        var errors = new Exception?[Ranks];
        var threads = Enumerable.Range(0, Ranks).Select(rank => new Thread(() =>
        {
            try
            {
                run(rank);
            }
            catch (Exception error)
            {
                errors[rank] = error;
            }
        })).ToArray();
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Assert.All(errors, Assert.Null);
    }

    private sealed class GatherCall
    {
        private readonly int[] _rows;
        private readonly int _number;

        public GatherCall(TensorPool pool, int[] rows, int member, int number)
        {
            (_rows, _number) = (rows, number);
            Send = pool.Rent(DType.F32, rows[member], Columns);
            Receive = pool.Rent(DType.F32, rows.Sum(), Columns);
            Send.View.Fill(Value(member));
            Receive.View.Fill(float.NaN);
        }

        public Tensor Send { get; }

        public Tensor Receive { get; }

        public Task Ended { get; set; } = Task.CompletedTask;

        public void Check()
        {
            var row = 0;
            for (var member = 0; member < _rows.Length; member++)
            {
                for (var i = 0; i < _rows[member]; i++, row++)
                    Assert.True(Receive.View.ReadRow(row).AsSpan().IndexOfAnyExcept(Value(member)) < 0, $"row {row} of call {_number}");
            }
        }

        public void Discard()
        {
            Send.View.Fill(-1);
            Receive.View.Fill(-2);
            Send.Dispose();
            Receive.Dispose();
        }

        private float Value(int member) => (_number * 10) + member;
    }
}
