using AkkaCp.Collectives.Calls;
using AkkaCp.Collectives.Topology;
using AkkaCp.Npu;
using Xunit;

#pragma warning disable CA2012 // Each is consumed once, after it has ended.
#pragma warning disable xUnit1069 // The deadline guards against calls that wrongly wait, and those end by no token.

namespace AkkaCp.Collectives.Tests.Groups;

/// <summary>Counts the process's managed bytes, so nothing else runs beside it.</summary>
[CollectionDefinition(nameof(AllocationTests), DisableParallelization = true)]
[Collection(nameof(AllocationTests))]
public sealed class AllocationTests : IDisposable
{
    private const int DeadlineMilliseconds = 120_000;
    private const int Calls = 400;
    private const int Rounds = 4;

    private readonly TensorPool _pool = new();
    private long _step;

    // Both sides of an eager frame; the runner's own few objects are far below one a call.
    [Theory(Timeout = DeadlineMilliseconds)]
    [InlineData("0,1", 4)]
    [InlineData("0,1", 400)]
    [InlineData("0,1,1,2", 100)]
    public async Task Collectives_AllocateNothingInSteadyState(string layout, int rows)
    {
        var processes = Layouts.Processes(layout);
        await using var world = await TestMeshes.ConnectAsync(Layouts.OneGroup(processes.Length), processes);
        var groups = world.Groups(GroupKind.AttnCp);
        int[] counts = [.. Enumerable.Repeat(rows, groups.Length)];
        var sends = groups.Select(_ => TestTensors.Filled(_pool, DType.F32, rows, 64, 1, strided: false)).ToArray();
        var receives = groups.Select(_ => TestTensors.Empty(_pool, DType.F32, rows * groups.Length, 64, strided: false)).ToArray();
        var calls = new ValueTask[groups.Length];
        Repeat(Calls);

        // A queue that grows a last time, or the runtime's own, may fall into one round; what a call costs is in all of them.
        var least = Enumerable.Range(0, Rounds).Min(_ =>
        {
            var before = GC.GetTotalAllocatedBytes(precise: true);
            Repeat(Calls);
            return GC.GetTotalAllocatedBytes(precise: true) - before;
        });

        Assert.InRange(least / (double)(2 * Calls), 0, 1);

        void Repeat(int times)
        {
            for (var i = 0; i < times; i++)
            {
                Wait(++_step, CollectiveKind.KvGather, (group, tag) =>
                    group.AllGatherAsync(tag, sends[group.Rank], receives[group.Rank], counts, CancellationToken.None));
                Wait(_step, CollectiveKind.Transfer, (group, tag) => group.AllReduceAsync(tag, sends[group.Rank], CancellationToken.None));
            }
        }

        void Wait(long step, CollectiveKind kind, Func<IRankGroup, CollectiveTag, ValueTask> call)
        {
            for (var rank = 0; rank < groups.Length; rank++)
                calls[rank] = call(groups[rank], new CollectiveTag(1, step, 0, kind));

            // Looking instead of awaiting: a continuation would cost the caller, not the transport.
            foreach (var one in calls)
            {
                while (!one.IsCompleted)
                    Thread.Yield();

                one.GetAwaiter().GetResult();
            }
        }
    }

    public void Dispose() => _pool.Dispose();
}
