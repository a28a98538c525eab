using AkkaCp.Collectives.Topology;
using AkkaCp.Npu;
using AkkaCp.Pipeline.Steps;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Pipeline.Tests.Running;

/// <summary>
/// What a step in steady state allocates of managed memory: what Dataflow's own blocks take, and the result that its receiver keeps;
/// nothing else. Counted on the threads that a step runs on, so that neither other tests nor the runtime's own threads are in the figure.
/// </summary>
public sealed class StepAllocationTests(ITestOutputHelper output)
{
    private const int Rounds = 12;
    private const int StepsOfARound = 4;

    // A rank's StepResult; and where there are samples, their list, and for each a sample, its token and its place in the list.
    private const long ResultBytes = 80;
    private const long ListBytes = 24;
    private const long SampleBytes = 80;

    private static readonly string s_model = RepositoryFiles.TinyModel("f32");

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(1, 1, 3)]
    [InlineData(2, 2, 1)]
    [InlineData(2, 2, 3)]
    [InlineData(2, 1, 3)]
    public async Task DecodeStep_AllocatesNothingButDataflowsOwnAndItsResult(int attnCp, int moeDp, int requests)
    {
        var prefill = Enumerable.Range(1, requests)
            .Select(request => new PlanScript.Share(request, [.. Enumerable.Range(1, 20)], Sample: true)).ToArray();
        var decode = Enumerable.Range(1, requests)
            .Select(request => new PlanScript.Share(request, [request], IsDecode: true, Sample: true)).ToArray();

        // Requests alone are on every rank, and the first one samples; of several, some are on either.
        var lists = Math.Min(attnCp, requests);
        await RequireNothingOwnAsync(
            new RankTopology(attnCp, attnCp, moeDp), script => script.Next(decode), prefill,
            (lists * ListBytes) + (requests * SampleBytes));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(2, 1)]
    public async Task PrefillChunk_AllocatesNothingButDataflowsOwnAndItsResult(int attnCp, int moeDp)
    {
        // Chunks of one long prompt: all alike but for their prefix.
        var chunk = new PlanScript.Share(1, [.. Enumerable.Range(1, 24)], PromptLength: 4000);
        await RequireNothingOwnAsync(new RankTopology(attnCp, attnCp, moeDp), script => script.Next(chunk), [], 0);
    }

    private async Task RequireNothingOwnAsync(
        RankTopology topology, Func<PlanScript, StepPlan> next, PlanScript.Share[] prefill, long sampleBytes)
    {
        using var done = new SemaphoreSlim(0);
        await using var world = new RankWorld(s_model, topology, DType.F32, new RankWorldOptions
        {
            Deliver = _ => done.Release(),
            Blocks = 400,
            // Which rank waits is chance, and a stage that was suspended comes back by a task.
            Groups = BlockingGroup.All,
        });
        if (prefill.Length > 0)
            Run(world, done, world.Script.Next(prefill));

        var plans = Enumerable.Range(0, Rounds * StepsOfARound).Select(_ => next(world.Script)).ToArray();
        var streams = world.Devices.Select(device => device.Stream).ToArray();
        var step = QuietestRound(streams, (round, i) => Run(world, done, plans[(round * StepsOfARound) + i]));
        var dataflow = DataflowsOwn(world, done);
        output.WriteLine($"{topology}, {plans[0].Requests.Length} x {plans[0].Requests[0].Tokens.Length}: "
            + $"{step} B a step, Dataflow's own {dataflow} B");
        Assert.Equal((topology.WorldSize * ResultBytes) + sampleBytes, step - dataflow);
    }

    private static long DataflowsOwn(RankWorld world, SemaphoreSlim done)
    {
        var topology = world.Topology;
        var moeWaits = topology.GroupOf(GroupKind.Moe, 0).Ranks.Count > 1 || topology.NeedsMoeGather;
        return world.Devices.Sum(device =>
        {
            var empty = new EmptyPipeline(
                world.Config.NumHiddenLayers, (topology.AttnCp > 1, topology.AttnTp > 1, moeWaits), device.Stream, () => done.Release());
            return QuietestRound([device.Stream], (_, _) =>
            {
                Assert.True(empty.Post());
                done.Wait();
            });
        });
    }

    // The quietest of several rounds: the runtime may allocate for itself when it recompiles a method, and lists grow now and then.
    private static long QuietestRound(IReadOnlyList<TaskScheduler> streams, Action<int, int> step)
    {
        // A test's own context would ride on every task, which takes more memory for it.
        using var noContext = ExecutionContext.SuppressFlow();
        var quietest = long.MaxValue;
        for (var round = 0; round < Rounds; round++)
        {
            quietest = Math.Min(quietest, AllocationCount.Of(streams, () =>
            {
                for (var i = 0; i < StepsOfARound; i++)
                    step(round, i);
            }));
        }

        return quietest / StepsOfARound;
    }

    private static void Run(RankWorld world, SemaphoreSlim done, StepPlan plan)
    {
        for (var rank = 0; rank < world.Pipelines.Count; rank++)
            Assert.True(world.Pipelines[rank].SendAsync(plan, CancellationToken.None).IsCompletedSuccessfully);

        for (var rank = 0; rank < world.Pipelines.Count; rank++)
            done.Wait();
    }
}
