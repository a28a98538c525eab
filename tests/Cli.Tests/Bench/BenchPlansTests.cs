using AkkaCp.Cli.Bench;
using AkkaCp.Pipeline.Partition;
using Xunit;

namespace AkkaCp.Cli.Tests.Bench;

public class BenchPlansTests
{
    [Fact]
    public void Prompt_IsCutIntoChunks_AndTheLastOneSamples()
    {
        var (request, plans) = new BenchPlans(2, new CpPolicySettings { MinTokens = 1 }).Prefill([.. Enumerable.Range(0, 300)], 128);

        Assert.Equal([128, 128, 44], plans.Select(plan => plan.Requests[0].Tokens.Length));
        Assert.Equal([0, 128, 256], plans.Select(plan => plan.Requests[0].Prefix));
        Assert.Equal([false, false, true], plans.Select(plan => plan.Requests[0].Sample));
        Assert.Equal([1, 1, 1], plans.Select(plan => plan.Requests[0].NewBlocks.Length));
        Assert.Equal([true, false, false], plans.Select(plan => plan.Requests[0].Start is not null));
        Assert.All(
            plans, plan => Assert.Equal((request, PlacementKind.Split), (plan.Requests[0].SequenceId, plan.Requests[0].Placement.Kind)));
    }

    [Fact]
    public void ReleasedRequest_GivesItsBlocksToTheNextPlan_WhichSaysSo()
    {
        var plans = new BenchPlans(1, new CpPolicySettings());
        var (first, prefill) = plans.Prefill(new int[200], 0);
        plans.Release(first);

        var (second, next) = plans.Prefill(new int[200], 0);

        Assert.NotEqual(first, second);
        Assert.Equal([first], next[0].Released);
        Assert.Equal(prefill[0].Requests[0].NewBlocks.Order(), next[0].Requests[0].NewBlocks.Order());
    }

    [Fact]
    public void DecodeRow_TakesABlockWhenTheLastOneIsFull()
    {
        var plans = new BenchPlans(1, new CpPolicySettings());
        var (request, _) = plans.Prefill(new int[127], 0);

        var within = plans.Decode([new(request, 7)]).Requests[0];
        var beyond = plans.Decode([new(request, 8)]).Requests[0];

        Assert.Equal((127, true, true, 0), (within.Prefix, within.IsDecode, within.Sample, within.NewBlocks.Length));
        Assert.Equal((128, 1), (beyond.Prefix, beyond.NewBlocks.Length));
    }
}
