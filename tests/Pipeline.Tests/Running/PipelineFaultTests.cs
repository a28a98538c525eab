using AkkaCp.Collectives.Topology;
using AkkaCp.Npu;
using AkkaCp.Pipeline.Steps;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Pipeline.Tests.Running;

/// <summary>A step that goes wrong ends once on every rank, names its fault, leaves no tensor out, and the next step works.</summary>
public sealed class PipelineFaultTests
{
    private static readonly RankTopology s_twoByTwo = new(4, 2, 2, 1);
    private static readonly int[] s_prompt = [.. Enumerable.Range(0, 40)];

    [Theory]
    [InlineData(nameof(INpuDevice.IndexSelect), "Embed")]
    [InlineData(nameof(INpuDevice.KvRmsNormRopeCache), "QkvProjection")]
    [InlineData(nameof(INpuDevice.QRmsNormRope), "QkvProjection")]
    [InlineData(nameof(INpuDevice.ScatterPaKvCache), "KvConcatGather")]
    [InlineData(nameof(INpuDevice.FusedInferAttentionScore), "DualFia")]
    [InlineData(nameof(INpuDevice.AddRmsNorm), "Concat")]
    [InlineData(nameof(INpuDevice.GroupedMatMul), "Moe")]
    public async Task ThrowingStage_FailsTheStepOnceOnEveryRankAndTheNextStepWorks(string operation, string stage)
    {
        var armed = true;
        await using var world = NewWorld(1, name =>
        {
            if (name == operation && Interlocked.Exchange(ref armed, false))
                throw new InvalidOperationException("the operator broke");
        });

        var results = await world.StepAsync(world.Script.Next(Share(1)));
        Assert.All(results, result => Assert.NotNull(result.Fault));
        var root = results[1].Fault!;
        Assert.Equal((FaultKind.StageFailed, stage, 1), (root.Kind, root.Stage, root.Rank));
        Assert.Contains("the operator broke", root.Message, StringComparison.Ordinal);
        Assert.All([results[0], results[2], results[3]], result => Assert.Equal(FaultKind.PeerAborted, result.Fault!.Kind));

        await AssertWorksAsync(world);
    }

    [Fact]
    public async Task MissingPeer_EndsTheGatherWithANamedFaultInBoundedTime()
    {
        var clock = new ManualTimeProvider();
        var timeout = TimeSpan.FromSeconds(2);
        await using var world = new RankWorld(
            RepositoryFiles.TinyModel("f32"), new RankTopology(2, 2, 2), DType.F32,
            new RankWorldOptions { CollectiveTimeout = timeout, Time = clock });
        var plan = world.Script.Next(Share(1));
        await world.SendAsync(plan, onlyRank: 0);
        Assert.True(SpinWait.SpinUntil(() => clock.ActiveTimers > 0, TimeSpan.FromSeconds(30)), "rank 0 does not wait for its peer");
        clock.Advance(timeout);

        var result = await world.ResultAsync(plan.Step, 0);
        Assert.Equal((FaultKind.PeerLost, "KvConcatGather", 0), (result.Fault!.Kind, result.Fault.Stage, result.Fault.Layer));
        Assert.Contains("1", result.Fault.Message, StringComparison.Ordinal);
        await AssertWorksAsync(world);
    }

    [Fact]
    public async Task DrainWithAStuckStep_AnswersForItAsStopped()
    {
        using var gate = new ManualResetEventSlim();
        await using var world = NewWorld(0, name =>
        {
            if (name == nameof(INpuDevice.Swiglu))
                gate.Wait(TimeSpan.FromSeconds(30));
        });
        var plan = world.Script.Next(Share(1));
        await world.SendAsync(plan);
        var drain = world.Pipelines[0].DrainAsync(TimeSpan.FromMilliseconds(50));
        gate.Set();
        await drain;

        var result = await world.ResultAsync(plan.Step, 0);
        Assert.True(result.Fault is null or { Kind: FaultKind.Stopped }, $"{result.Fault}");
        Assert.False(await world.Pipelines[0].SendAsync(world.Script.Next(Share(2)), CancellationToken.None));
        foreach (var rank in new[] { 1, 2, 3 })
            await world.ResultAsync(plan.Step, rank);

        Assert.Empty(world.Leaks);
    }

    [Fact]
    public async Task FullPipeline_TakesNoMorePlansUntilOneIsDone()
    {
        using var gate = new ManualResetEventSlim();
        await using var world = new RankWorld(
            RepositoryFiles.TinyModel("f32"), new RankTopology(1), DType.F32,
            new RankWorldOptions
            {
                Wrap = (_, device) => new FaultyDevice(device, name =>
                {
                    if (name == nameof(INpuDevice.IndexSelect))
                        gate.Wait(TimeSpan.FromSeconds(30));
                }),
            });
        var plans = Enumerable.Range(1, 3).Select(request => world.Script.Next(Share(request))).ToArray();
        var sent = plans.Select(plan => world.Pipelines[0].SendAsync(plan, CancellationToken.None)).ToArray();
        Assert.True(await sent[0] && await sent[1]);
        Assert.False(sent[2].IsCompleted);

        gate.Set();
        Assert.True(await sent[2].WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
        foreach (var plan in plans)
            RankWorld.RequireNoFault(await world.ResultsAsync(plan.Step));
    }

    [Fact]
    public async Task SeveralStepsInside_ChunksOfOnePromptGiveTheBitsOfStepByStep()
    {
        await using var world = NewWorld(0, _ => { });
        var expected = (await world.LogitsAsync([s_prompt], chunk: 0))[0];
        var plans = s_prompt.Chunk(9).Select(tokens => world.Script.Next(Share(77, tokens))).ToArray();
        foreach (var plan in plans)
            await world.SendAsync(plan);

        foreach (var plan in plans)
            RankWorld.RequireNoFault(await world.ResultsAsync(plan.Step));

        Assert.Equal(expected, world.Logits.Take(77, s_prompt.Length));
    }

    private static RankWorld NewWorld(int wrappedRank, Action<string> before) =>
        new(RepositoryFiles.TinyModel("f32"), s_twoByTwo, DType.F32, new RankWorldOptions
        {
            Wrap = (rank, device) => rank == wrappedRank ? new FaultyDevice(device, before) : device,
        });

    private static PlanScript.Share Share(long request, int[]? tokens = null) =>
        new(request, [.. tokens ?? s_prompt], AllLogits: true);

    private static async Task AssertWorksAsync(RankWorld world)
    {
        var golden = new GoldenModel("f32");
        var plan = world.Script.Next(Share(1000, golden.Tokens(33)));
        RankWorld.RequireNoFault(await world.StepAsync(plan));
        var logits = world.Logits.Take(1000, 33);
        var expected = golden.Logits(33);
        for (var i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], logits[i], 1e-4);

        Assert.Empty(world.Leaks);
    }
}
