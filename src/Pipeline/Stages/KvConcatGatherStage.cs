using System.Runtime.CompilerServices;
using AkkaCp.Npu;
using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Pipeline.Stages;

/// <summary>
/// Waits for the K‖V gather and writes it to the paged pool. The restore order is in the slot mapping: row i of the rank-major buffer
/// goes straight to its token's slot. Rows of replicated requests, which every rank computed itself, go from the product's result to
/// their slots in one pass: finished, rounded.
/// </summary>
internal sealed class KvConcatGatherStage(RankSetup setup, int layer, Attention attention)
{
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
            attention.WriteKv(step, local, step.RowMap.LocalSlots, setup.Kv.Keys(layer), setup.Kv.Values(layer));
            local.Dispose();
        }

        return new QueryMessage(step, hidden, query);
    }

    private void WriteGathered(StepContext step, TensorView kv)
    {
        var (keys, values) = setup.Kv.Shape.Row.Split(kv);
        setup.Device.ScatterPaKvCache(keys, values, setup.Kv.Keys(layer), setup.Kv.Values(layer), step.RowMap.GatheredSlots);
    }
}
