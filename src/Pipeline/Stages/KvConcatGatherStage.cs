using AkkaCp.Npu;
using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Pipeline.Stages;

/// <summary>
/// Waits for the K‖V gather and writes it to the paged pool. The restore order is in the slot mapping: row i of the rank-major buffer
/// goes straight to its token's slot. Rows of replicated requests, which every rank computed itself, are written from here.
/// </summary>
internal sealed class KvConcatGatherStage(RankSetup setup, int layer)
{
    private readonly INpuDevice _device = setup.Device;
    private readonly int _kvHeads = setup.Weights.Layers[layer].Attention.NumKvHeads;
    private readonly int _headDim = setup.Weights.Config.HeadDim;

    public async Task<QueryMessage> RunAsync(QkvMessage message)
    {
        var (step, hidden, query, kv) = message;
        await step.TransferAsync();
        if (kv.Gathered is { } gathered)
        {
            Write(gathered, step.Layout.GatheredSlots);
            gathered.Dispose();
        }

        WriteReplicated(step, kv.Local);
        kv.Local.Dispose();
        return new QueryMessage(step, hidden, query);
    }

    private void WriteReplicated(StepContext step, Tensor local)
    {
        var rows = step.Layout.Rows.ReplicatedRows;
        if (rows.Length == local.View.Rows)
        {
            Write(local, step.Layout.ReplicatedSlots);
            return;
        }

        if (rows.Length > 0)
        {
            using var selected = step.Rent(local.View.DType, rows.Length, local.View.RowLength);
            _device.IndexSelect(local, rows, selected);
            Write(selected, step.Layout.ReplicatedSlots);
        }
    }

    private void Write(TensorView kv, int[] slots)
    {
        var width = _kvHeads * _headDim;
        _device.ScatterPaKvCache(
            kv.Columns(0, width).Reshape(kv.Rows, _kvHeads, _headDim),
            kv.Columns(width, width).Reshape(kv.Rows, _kvHeads, _headDim),
            setup.Kv.Keys(layer),
            setup.Kv.Values(layer),
            slots);
    }
}
