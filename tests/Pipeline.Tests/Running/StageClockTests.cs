using AkkaCp.Collectives.Topology;
using AkkaCp.Npu;
using AkkaCp.Testing;
using Xunit;

namespace AkkaCp.Pipeline.Tests.Running;

public sealed class StageClockTests
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    [Fact]
    public void TimeBetweenEnterAndLeave_IsComputed()
    {
        var time = new ManualTimeProvider();
        var clock = new StageClock(time);
        var stage = clock.Of("a");
        clock.Enter(stage);
        time.Advance(s_second);
        clock.Leave();
        time.Advance(s_second);

        Assert.Equal((s_second, TimeSpan.Zero), (stage.Computed, stage.Waited));
        clock.Reset();
        Assert.Equal(TimeSpan.Zero, stage.Computed);
    }

    [Fact]
    public async Task WhatOtherStagesComputeDuringAWait_IsNotExposed()
    {
        var time = new ManualTimeProvider();
        var clock = new StageClock(time);
        var (waiting, other) = (clock.Of("waiting"), clock.Of("other"));
        var transfer = new TaskCompletionSource();
        clock.Enter(waiting);
        time.Advance(s_second);
        var wait = clock.WaitAsync(new ValueTask(transfer.Task));

        clock.Enter(other);
        time.Advance(3 * s_second);
        clock.Leave();
        time.Advance(2 * s_second);
        transfer.SetResult();
        await wait;
        time.Advance(s_second);
        clock.Leave();

        Assert.Equal((2 * s_second, 5 * s_second, 2 * s_second), (waiting.Computed, waiting.Waited, waiting.Exposed));
        Assert.Equal((3 * s_second, TimeSpan.Zero), (other.Computed, other.Exposed));
    }

    [Fact]
    public async Task IdleTimeOfTwoWaitsAtOnce_IsExposedOnce()
    {
        var time = new ManualTimeProvider();
        var clock = new StageClock(time);
        var stages = new[] { clock.Of("long"), clock.Of("short") };
        var transfers = new[] { new TaskCompletionSource(), new TaskCompletionSource() };
        clock.Enter(stages[0]);
        var longWait = clock.WaitAsync(new ValueTask(transfers[0].Task));
        time.Advance(2 * s_second);
        clock.Enter(stages[1]);
        var shortWait = clock.WaitAsync(new ValueTask(transfers[1].Task));
        time.Advance(3 * s_second);
        transfers[1].SetResult();
        await shortWait;
        clock.Leave();
        time.Advance(4 * s_second);
        transfers[0].SetResult();
        await longWait;
        clock.Leave();

        Assert.Equal([9 * s_second, 3 * s_second], stages.Select(stage => stage.Waited));
        Assert.Equal(9 * s_second, stages[0].Exposed + stages[1].Exposed);
    }

    [Fact]
    public async Task PipelineWithAClock_ChargesEachOperatorToItsStage()
    {
        var time = new ManualTimeProvider();
        var clock = new StageClock(time);
        await using var world = new RankWorld(
            RepositoryFiles.TinyModel("f32"), new RankTopology(1, 1, 1), DType.F32, new RankWorldOptions
            {
                Clock = _ => clock,
                Wrap = (_, device) => new FaultyDevice(device, name => time.Advance(name switch
                {
                    nameof(INpuDevice.FusedInferAttentionScore) => 5 * s_second,
                    nameof(INpuDevice.GroupedMatMul) or nameof(INpuDevice.GroupedMatMulSwiglu) => 7 * s_second,
                    _ => TimeSpan.Zero,
                })),
            });
        await world.LogitsAsync([[.. Enumerable.Range(1, 40)]], chunk: 0);

        // One FIA call a layer: a prompt on one rank has prev rows only. Two grouped products: gate‖up, and down.
        var layers = world.Config.NumHiddenLayers;
        var computed = clock.Stages.Where(stage => stage.Computed > TimeSpan.Zero)
            .ToDictionary(stage => stage.Name, stage => stage.Computed);
        Assert.Equal(
            new() { [StageNames.DualFia] = layers * 5 * s_second, [StageNames.Moe] = layers * 14 * s_second },
            computed);
        Assert.Equal(
            [
                StageNames.Embed, StageNames.QkvProjection, StageNames.KvConcatGather, StageNames.ZigzagQSplit, StageNames.DualFia,
                StageNames.Concat, StageNames.Moe, StageNames.LmHead,
            ],
            clock.Stages.Select(stage => stage.Name));
    }
}
