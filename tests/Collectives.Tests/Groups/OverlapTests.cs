using AkkaCp.Collectives.Calls;
using AkkaCp.Collectives.Setup;
using AkkaCp.Collectives.Topology;
using AkkaCp.Npu;
using AkkaCp.Testing;
using Xunit;

#pragma warning disable xUnit1069 // The deadline guards against calls that wrongly wait, and those end by no token.

namespace AkkaCp.Collectives.Tests.Groups;

/// <summary>Many calls at once over the same connections, made in another order on every rank.</summary>
public sealed class OverlapTests : IDisposable
{
    private const int DeadlineMilliseconds = 120_000;
    private const int Steps = 60;

    private readonly TensorPool _pool = new();

    // Few places for early frames, so that most calls must wait for their peers; large and small blocks mixed.
    [Theory(Timeout = DeadlineMilliseconds)]
    [InlineData("0,1", 1)]
    [InlineData("0,1,2,3", 2)]
    [InlineData("0,0,1,2", 1)]
    [InlineData("0,1,2,3,4,5", 32)]
    public async Task CallsInAnotherOrderOnEveryRank_AllEndRight(string layout, int eagerFrames)
    {
        var processes = Layouts.Processes(layout);
        var options = new DataPlaneOptions { EagerFrames = eagerFrames, EagerBytes = 4096, SocketBufferBytes = 16 << 10 };
        await using var world = await TestMeshes.ConnectAsync(Layouts.OneGroup(processes.Length), processes, options);
        var groups = world.Groups(GroupKind.AttnCp);

        var found = await Task.WhenAll(groups.Select(group => Task.Run(() => AllAsync(group, eachWaits: false))));

        Assert.All(found, one => Assert.Equal(found[0], one));
    }

    // The worst order: one rank begins at the end and waits for each call before the next; the other has all under way.
    [Fact(Timeout = DeadlineMilliseconds)]
    public async Task RankThatWaitsForTheLastCallFirst_IsNotBlockedByTheOthers()
    {
        var options = new DataPlaneOptions { EagerFrames = 2, EagerBytes = 4096, SocketBufferBytes = 16 << 10 };
        await using var world = await TestMeshes.ConnectAsync(Layouts.OneGroup(2), options);
        var ahead = AllAsync(world.Group(GroupKind.AttnCp, 0), eachWaits: false);

        var behind = await AllAsync(world.Group(GroupKind.AttnCp, 1), eachWaits: true);

        Assert.Equal(await ahead, behind);
    }

    public void Dispose() => _pool.Dispose();

    // Bytes of all results by step.
    private async Task<byte[][]> AllAsync(IRankGroup group, bool eachWaits)
    {
        var results = new byte[Steps][];
        var steps = Enumerable.Range(0, Steps).ToArray();
        if (eachWaits)
            Array.Reverse(steps);
        else if (group.Rank > 0)
            new Random(group.Rank).Shuffle(steps);

        var calls = new List<Task>();
        foreach (var step in steps)
        {
            var call = OneAsync(group, step, results);
            if (eachWaits)
                await call;

            calls.Add(call);
        }

        await Task.WhenAll(calls);
        return results;
    }

    private async Task OneAsync(IRankGroup group, int step, byte[][] results)
    {
        var rows = step % 5 == 0 ? 300 : 1 + (step % 3);
        var tag = new CollectiveTag(1, step / 3, step, CollectiveKind.Transfer);
        if (step % 2 == 0)
        {
            var data = Filled(rows, group.Rank + step);
            await group.AllReduceAsync(tag, data, CancellationToken.None);
            results[step] = data.ReadBytes();
            return;
        }

        int[] counts = [.. Enumerable.Range(0, group.Size).Select(member => rows + (member % 2))];
        var receive = TestTensors.Empty(_pool, DType.F32, counts.Sum(), 33, strided: step % 3 == 0);
        await group.AllGatherAsync(tag, Filled(counts[group.Rank], group.Rank + step), receive, counts, CancellationToken.None);
        results[step] = receive.ReadBytes();
    }

    private TensorView Filled(int rows, int seed) => TestTensors.Filled(_pool, DType.F32, rows, 33, seed, strided: false);
}
