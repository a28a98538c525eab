using AkkaCp.Npu;
using AkkaCp.Pipeline.Steps;

namespace AkkaCp.Pipeline.Stages;

/// <summary>
/// Attention of the prev rows, then of the next rows: two FIA calls over the paged pool (TND, bottom-right causal), each with its own
/// query and key lengths. Both write into one buffer, which is their concatenation. Always through the pool, never from fresh K and V:
/// one path for prefix, chunk and decode.
/// </summary>
internal sealed class DualFiaStage(RankSetup setup, int layer)
{
    private const int BottomRightCausal = 3;
    private readonly int _headDim = setup.Weights.Config.HeadDim;
    private readonly int _heads = setup.Weights.Layers[layer].Attention.NumHeads;
    private readonly int _kvHeads = setup.Weights.Layers[layer].Attention.NumKvHeads;

    public AttentionMessage Run(SplitQueryMessage message)
    {
        var step = message.Step;
        var rows = step.RowMap.Rows;
        var attention = step.Rent(DType.F32, message.Query.View.Rows, _heads, _headDim);
        Attend(step.RowMap, message.Prev, attention.View.Slice(0, rows.TotalQPrev), rows.CuQPrev, rows.KvPrev);
        Attend(step.RowMap, message.Next, attention.View.Slice(rows.TotalQPrev, rows.TotalQNext), rows.CuQNext, rows.KvNext);
        message.Query.Dispose();
        return new AttentionMessage(step, message.Hidden, attention);
    }

    private void Attend(StepRowMap map, TensorView query, TensorView output, int[] cumulativeQ, int[] kv)
    {
        if (query.Rows == 0)
            return;

        setup.Device.FusedInferAttentionScore(new FiaArguments
        {
            Query = query,
            Key = setup.Kv.Keys(layer),
            Value = setup.Kv.Values(layer),
            Output = output,
            InputLayout = FiaInputLayout.Tnd,
            NumHeads = _heads,
            NumKeyValueHeads = _kvHeads,
            Scale = 1f / MathF.Sqrt(_headDim),
            SparseMode = BottomRightCausal,
            NextTokens = 0,
            AttenMask = FiaMask.Compressed,
            ActualSeqLengths = cumulativeQ,
            ActualSeqLengthsKv = kv,
            BlockTable = map.BlockTable,
            BlockTableRows = map.Sequences.Count,
            BlockSize = setup.Kv.Shape.BlockSize,
        });
    }
}
