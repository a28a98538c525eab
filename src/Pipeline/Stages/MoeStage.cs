using System.Runtime.CompilerServices;
using AkkaCp.Collectives.Calls;
using AkkaCp.Npu;
using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Pipeline.Stages;

/// <summary>
/// hidden += experts(normed), or the layer's dense MLP; normed = rms_norm(hidden) for the next layer, or for the head. With
/// attn_cp = moe_dp every CP rank's part of the experts works on its own rows; with attn_cp &gt; moe_dp the rows of all CP ranks are
/// gathered first, rank by rank (experts work row by row, so order does not matter), and each rank keeps its own rows of the sum over MOE.
/// </summary>
internal sealed class MoeStage(RankSetup setup, int layer, CancellationToken graph)
{
    private readonly INpuDevice _device = setup.Device;
    private readonly FeedForward _feedForward = FeedForward.Create(setup, layer);
    private readonly Tensor _nextNorm =
        layer + 1 < setup.Weights.Layers.Count ? setup.Weights.Layers[layer + 1].InputNorm : setup.Weights.FinalNorm;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<NormedMessage> RunAsync(NormedMessage message)
    {
        var (step, hidden, normed) = message;
        var gathers = setup.Topology.NeedsMoeGather && step.RowMap.All.NeedsGather;
        var x = gathers ? await GatherRowsAsync(step, normed).ConfigureAwait(false) : normed;
        var y = _feedForward.Run(step, x);
        x.Dispose();
        if (setup.Groups.Moe.Size > 1)
            await step.WaitFor(setup.Groups.Moe.AllReduceAsync(step.Tag(layer, CollectiveKind.MoeReduce), y, graph));

        // The norm takes the place of what was added, which is in cache.
        var own = gathers ? TakeOwnRows(step, y) : y;
        _device.AddRmsNorm(hidden, own, _nextNorm, setup.Weights.Config.RmsNormEps, own, hidden);
        return new NormedMessage(step, hidden, own);
    }

    private Tensor TakeOwnRows(StepContext step, Tensor y)
    {
        var own = step.Rent(DType.F32, step.RowMap.Rows.Rows, y.View.RowLength);
        _device.IndexSelect(y, step.RowMap.Rows.LocalToMoe, own);
        y.Dispose();
        return own;
    }

    /// <summary>The gathered rows of all CP ranks, rank-major, and behind them the replicated rows, which all have.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Tensor> GatherRowsAsync(StepContext step, Tensor normed)
    {
        var (all, rows) = (step.RowMap.All, step.RowMap.Rows);
        var x = step.Rent(DType.F32, all.MoeRows, normed.View.RowLength);
        using Tensor? selected = rows.ReplicatedRows.Length == 0
            ? null
            : step.Rent(DType.F32, rows.GatherRows.Length, normed.View.RowLength);
        if (selected is { } own)
        {
            _device.IndexSelect(normed, rows.GatherRows, own);
            _device.IndexSelect(normed, rows.ReplicatedRows, x.View.Slice(all.Gather.TotalRows, rows.ReplicatedRows.Length));
        }

        await step.WaitFor(setup.Groups.AttnCp.AllGatherAsync(
            step.Tag(layer, CollectiveKind.MoeGather), selected ?? normed, x.View.Slice(0, all.Gather.TotalRows),
            all.Gather.RowsPerRankMemory, graph));
        normed.Dispose();
        return x;
    }
}
