using System.Runtime.CompilerServices;
using AkkaCp.Model.Weights;
using AkkaCp.Npu;
using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Pipeline.Stages;

/// <summary>
/// Waits for the K‖V gather and writes it to the paged pool. The restore order is in the slot mapping: row i of the rank-major buffer
/// goes straight to its token's slot. Rows of replicated requests, which every rank computed itself, go from the product's result to
/// their slots in one pass: normed, rotated, rounded.
/// </summary>
internal sealed class KvConcatGatherStage(RankSetup setup, int layer)
{
    private readonly AttentionWeights _weights = setup.Weights.Layers[layer].Attention;
    private readonly int _headDim = setup.Weights.Config.HeadDim;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<QueryMessage> RunAsync(QkvMessage message)
    {
        var (step, hidden, query, kv) = message;
        await step.TransferAsync();
        if (kv.Gathered is { } gathered)
        {
            WriteGathered(step, gathered);
            gathered.Dispose();
        }

        if (kv.Local is { } local)
        {
            setup.Device.KvRmsNormRopeCache(
                local, _weights.KNorm, step.Cos, step.Sin, step.RowMap.LocalSlots, setup.Kv.Keys(layer), setup.Kv.Values(layer),
                setup.Weights.Config.RmsNormEps);
            local.Dispose();
        }

        return new QueryMessage(step, hidden, query);
    }

    private void WriteGathered(StepContext step, TensorView kv)
    {
        var (heads, width) = (_weights.NumKvHeads, _weights.NumKvHeads * _headDim);
        setup.Device.ScatterPaKvCache(
            kv.Columns(0, width).Reshape(kv.Rows, heads, _headDim),
            kv.Columns(width, width).Reshape(kv.Rows, heads, _headDim),
            setup.Kv.Keys(layer),
            setup.Kv.Values(layer),
            step.RowMap.GatheredSlots);
    }
}
